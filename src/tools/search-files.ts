import { stat } from "node:fs/promises";
import type { RE2JS } from "re2js";
import { AppError } from "#core/errors.ts";
import { countOf, flagOf, textOf } from "#tools/argument-values.ts";
import { workspaceOf } from "#tools/create-workspace.ts";
import { fileError } from "#tools/file-error.ts";
import { oneLine } from "#tools/list-files.ts";
import { namePattern } from "#tools/name-pattern.ts";
import { withTextFile } from "#tools/open-file.ts";
import { safePattern } from "#tools/safe-pattern.ts";
import { cutLine, fileGoesOn, linesOf } from "#tools/text-lines.ts";
import type { Tool } from "#tools/tool.ts";
import { type Walk, walkFolder } from "#tools/walk-folder.ts";
import type { ResolvedPath } from "#tools/workspace.ts";

const maxDepth = 50;
const maxFileBytes = 20 * 1024 ** 2;
const maxLineLength = 20_000;
const shownLineLength = 300;
const maxCharacters = 60_000;
/** Searching gives what it has found by then. */
const budgetMs = 20_000;
/** Lines between two looks at the clock, at which the rest of the gateway gets its turn. */
const turnLines = 5000;

export const searchFiles: Tool = {
  name: "search_files",
  description:
    "Finds lines that match a regular expression in text files. Linear-time syntax (RE2): no look-around, no back-references; (?i) ignores case. Binary files and folders such as .git and node_modules are passed over.",
  when_to_use: "You look for text, and do not know in which file it is.",
  toolset: "files",
  parameters: {
    pattern: { type: "string", description: "The regular expression, held against each line." },
    path: { type: "string", description: "A folder or a file, relative to the workspace.", default: "." },
    file_pattern: { type: "string", description: "Globs of files to look in, separated by |.", default: "*" },
    head_limit: { type: "integer", description: "Matching lines shown per file, at most 500.", default: 20 },
    max_hits: { type: "integer", description: "Files shown, at most 500.", default: 20 },
    include_hidden: {
      type: "boolean",
      description: "Whether names that begin with a dot are looked at.",
      default: false,
    },
  },
  examples: [{ pattern: "def \\w+_handler", path: "src", file_pattern: "*.py" }],
  synonyms: {
    pattern: ["query", "regex", "search", "text", "search_pattern"],
    path: ["dir", "directory", "directory_path", "folder", "file_path"],
    file_pattern: ["glob", "include", "files"],
    head_limit: ["limit", "max_lines"],
    max_hits: ["max_files", "max_results"],
    include_hidden: ["hidden"],
  },
  paths: [{ argument: "path", default: "." }],
  approval: "auto",
  replay: "safe",
  timeoutMs: 60_000,
  async run(args, context) {
    const workspace = workspaceOf(context);
    const place = await workspace.resolve(textOf(args, "path", "."));
    const search = new Search({
      pattern: textOf(args, "pattern"),
      linesPerFile: countOf(args, "head_limit", { min: 1, max: 500, otherwise: 20 }),
      maxFiles: countOf(args, "max_hits", { min: 1, max: 500, otherwise: 20 }),
      signal: context.signal,
    });
    if (await isFile(place)) {
      await search.file(place, true);
      return search.text(place.shown, null);
    }
    const fits = namePattern(textOf(args, "file_pattern", "*"));
    const includeHidden = flagOf(args, "include_hidden");
    const walk = walkFolder(place, { workspace, maxDepth, includeHidden, signal: context.signal });
    for await (const entry of walk.entries) {
      if (entry.kind === "file" && fits(entry)) await search.file(entry, false);
      if (search.isDone()) break;
    }
    return search.text(place.shown, walk);
  },
};

async function isFile(place: ResolvedPath): Promise<boolean> {
  try {
    return !(await stat(place.path)).isDirectory();
  } catch (error) {
    throw fileError(error, place.shown);
  }
}

interface SearchOptions {
  pattern: string;
  linesPerFile: number;
  maxFiles: number;
  signal: AbortSignal;
}

class Search {
  #options: SearchOptions;
  #regex: RE2JS;
  #deadline = performance.now() + budgetMs;
  #blocks: string[] = [];
  #characters = 0;
  #searched = 0;
  #unread = 0;
  #lines = 0;
  #isLate = false;

  constructor(options: SearchOptions) {
    this.#options = options;
    this.#regex = safePattern(options.pattern, { multiline: false });
  }

  isDone(): boolean {
    return this.#isLate || this.#blocks.length >= this.#options.maxFiles || this.#characters >= maxCharacters;
  }

  /** Looks through one file. One that cannot be read counts as such, unless it was asked for by name. */
  async file(file: ResolvedPath, isNamed: boolean): Promise<void> {
    try {
      const matches = await withTextFile(file, (handle) =>
        this.#matches(linesOf(handle, { maxBytes: maxFileBytes, maxLineLength, signal: this.#options.signal })),
      );
      this.#searched += 1;
      if (matches.length > 0) this.#keep([`${oneLine(file.shown)}:`, ...matches].join("\n"));
    } catch (error) {
      if (isNamed || this.#options.signal.aborted || !(error instanceof AppError)) throw error;
      // Binary files are no loss; what cannot be opened is told.
      if (error.code !== "unprocessable") this.#unread += 1;
    }
  }

  text(shown: string, walk: Walk | null): string {
    const { pattern, maxFiles } = this.#options;
    const notes: string[] = [];
    if (this.#unread > 0) notes.push(`[${this.#unread} files could not be read]`);
    if (this.#isLate) notes.push(`[truncated: stopped after ${budgetMs / 1000} s; search a smaller folder]`);
    else if (this.#blocks.length >= maxFiles && walk) {
      notes.push(`[truncated: stopped after ${maxFiles} files; raise max_hits or narrow path or file_pattern]`);
    } else if (this.#characters >= maxCharacters) {
      notes.push("[truncated: the answer is full; narrow the pattern or the path]");
    }
    if (walk?.isCut()) notes.push("[truncated: too many entries to look at; start in a folder further down]");
    const head =
      this.#blocks.length === 0
        ? `No line in '${shown}' matches '${pattern}' (${this.#searched} text files searched)`
        : `Lines matching '${pattern}' in ${this.#blocks.length} files of '${shown}':`;
    return [head, ...this.#blocks, ...notes].join("\n");
  }

  async #matches(lines: AsyncIterable<string | typeof fileGoesOn>): Promise<string[]> {
    const found: string[] = [];
    let number = 0;
    let count = 0;
    for await (const line of lines) {
      if (line === fileGoesOn) {
        found.push(`  [only the first ${maxFileBytes / 1024 ** 2} MiB were searched]`);
        break;
      }
      number += 1;
      this.#lines += 1;
      if (this.#lines % turnLines === 0 && (await this.#takeTurn())) break;
      if (!this.#regex.test(line)) continue;
      count += 1;
      if (count <= this.#options.linesPerFile) found.push(`  ${number}: ${cutLine(line, shownLineLength)}`);
    }
    const more = count - this.#options.linesPerFile;
    if (more > 0) found.push(`  [truncated: ${more} more matching lines; raise head_limit]`);
    // A file that goes on without a match is none.
    return count === 0 ? [] : found;
  }

  /** Lets others work; true when the time is used up. */
  async #takeTurn(): Promise<boolean> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#isLate = performance.now() > this.#deadline;
    return this.#isLate;
  }

  #keep(block: string): void {
    this.#blocks.push(block);
    this.#characters += block.length;
  }
}
