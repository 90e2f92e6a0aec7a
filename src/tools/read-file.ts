import { countOf, textOf } from "#tools/argument-values.ts";
import { AppError } from "#core/errors.ts";
import { workspaceOf } from "#tools/create-workspace.ts";
import { withTextFile } from "#tools/open-file.ts";
import { fileGoesOn, linesOf } from "#tools/text-lines.ts";
import type { Tool } from "#tools/tool.ts";

/** Lines of one answer; more would crowd everything else out of a model's context. */
const maxLines = 2000;
const maxCharacters = 200_000;
const maxLineLength = 2000;
/** A file that is not longer is counted to its end, so that the answer can say how long it is. */
const maxCountedLines = 200_000;
/** A range far into a file is found by reading up to it; this much takes about a second. */
const maxBytes = 1024 ** 3;

export const readFile: Tool = {
  name: "read_file",
  description: `Reads a text file, or a range of its lines, with line numbers. At most ${maxLines} lines per call; the answer says how to get the rest.`,
  when_to_use: "You know the file and need its exact text, for instance before editing it.",
  toolset: "files",
  parameters: {
    file_path: { type: "string", description: "The file, relative to the workspace." },
    start_line: { type: "integer", description: "First line, counted from 1.", default: 1 },
    end_line: { type: "integer", description: "Last line, itself included; null for the end.", default: null },
  },
  examples: [{ file_path: "src/main.py" }, { file_path: "README.md", start_line: 1, end_line: 40 }],
  synonyms: {
    file_path: ["path", "filename", "file"],
    start_line: ["start", "from_line", "line_start", "offset", "start_line_one_indexed"],
    end_line: ["end", "to_line", "line_end", "end_line_one_indexed_inclusive"],
  },
  paths: [{ argument: "file_path" }],
  approval: "auto",
  replay: "safe",
  timeoutMs: 30_000,
  async run(args, context) {
    const file = await workspaceOf(context).resolve(textOf(args, "file_path"));
    const start = countOf(args, "start_line", { min: 1, max: Number.MAX_SAFE_INTEGER, otherwise: 1 });
    const end = countOf(args, "end_line", { min: 0, max: Number.MAX_SAFE_INTEGER, otherwise: Number.MAX_SAFE_INTEGER });
    if (end < start) throw new AppError("invalid_request", `end_line ${end} comes before start_line ${start}`);
    return withTextFile(file, async (handle) => {
      const page = new Page(start, end);
      let goesOn = false;
      for await (const line of linesOf(handle, { maxBytes, maxLineLength, signal: context.signal })) {
        goesOn = line === fileGoesOn || page.isEnough();
        if (line === fileGoesOn || goesOn) break;
        page.add(line);
      }
      return page.text(file.shown, goesOn);
    });
  },
};

/** Collects the lines of a range until the answer is full, and counts the others. */
class Page {
  #start: number;
  #end: number;
  #lines: string[] = [];
  #characters = 0;
  #count = 0;

  constructor(start: number, end: number) {
    this.#start = start;
    this.#end = end;
  }

  add(line: string): void {
    this.#count += 1;
    if (this.#count < this.#start || this.#count > this.#end || this.#isFull()) return;
    // A line left out must not be followed by one that fits.
    const isNext = this.#count === this.#start + this.#lines.length;
    if (!isNext) return;
    this.#lines.push(`${this.#count}: ${line}`);
    this.#characters += line.length;
  }

  /** Whether going on would only count lines of a very long file. */
  isEnough(): boolean {
    return this.#count >= maxCountedLines && (this.#count >= this.#end || this.#isFull());
  }

  text(shown: string, goesOn: boolean): string {
    const total = goesOn ? `more than ${this.#count}` : String(this.#count);
    if (this.#count === 0) return `File: ${shown} (empty)`;
    if (this.#start > this.#count) {
      throw new AppError("invalid_request", `'${shown}' has ${total} lines; start_line ${this.#start} is past its end`);
    }
    const last = this.#start + this.#lines.length - 1;
    const head = `File: ${shown} (lines ${this.#start}-${last} of ${total})`;
    const isCut = last < Math.min(this.#end, this.#count);
    const note = isCut ? [`[truncated: continue with start_line=${last + 1}]`] : [];
    return [head, "", ...this.#lines, ...note].join("\n");
  }

  #isFull(): boolean {
    return this.#lines.length >= maxLines || this.#characters >= maxCharacters;
  }
}
