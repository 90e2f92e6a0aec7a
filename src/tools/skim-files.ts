import { AppError, messageOf } from "#core/errors.ts";
import { numberOf } from "#core/value.ts";
import { countOf, textsOf } from "#tools/argument-values.ts";
import { workspaceOf } from "#tools/create-workspace.ts";
import { withTextFile } from "#tools/open-file.ts";
import { languageOf, outlineOf } from "#tools/outline.ts";
import { fileGoesOn, linesOf } from "#tools/text-lines.ts";
import type { Tool } from "#tools/tool.ts";
import type { ResolvedPath } from "#tools/workspace.ts";

const maxFiles = 20;
const maxFileBytes = 5 * 1024 ** 2;
const maxLineLength = 300;
/** Lines shown of one file. */
const maxShown = 300;

export const skimFiles: Tool = {
  name: "skim_files",
  description:
    "Shows the first lines of text files and, of the rest, the lines that tell most: declarations, headings, or evenly spread ones.",
  when_to_use: "You want an impression of several files without reading them whole.",
  toolset: "files",
  parameters: {
    paths: {
      type: "array",
      items: { type: "string" },
      description: `Up to ${maxFiles} files, relative to the workspace.`,
    },
    target_percent: { type: "number", description: "Share of each file's lines to show, 1 to 100.", default: 10 },
    head_lines: {
      type: "integer",
      description: "Lines shown from the beginning of each file, at most 200.",
      default: 20,
    },
  },
  examples: [{ paths: ["README.md", "src/main.py"], target_percent: 15 }],
  synonyms: {
    paths: ["path", "files", "file_paths", "file_path", "filename", "file"],
    target_percent: ["percent", "percentage"],
    head_lines: ["head", "lines"],
  },
  paths: [{ argument: "paths" }],
  approval: "auto",
  replay: "safe",
  timeoutMs: 30_000,
  async run(args, context) {
    const paths = textsOf(args, "paths");
    if (paths.length === 0) throw new AppError("invalid_request", "paths names no file");
    if (paths.length > maxFiles) {
      throw new AppError("invalid_request", `paths names ${paths.length} files; ${maxFiles} are allowed`);
    }
    const percent = Math.min(100, Math.max(1, numberOf(args["target_percent"]) ?? 10));
    const headLines = countOf(args, "head_lines", { min: 0, max: 200, otherwise: 20 });
    const workspace = workspaceOf(context);
    const parts: string[] = [];
    for (const path of paths) {
      try {
        const file = await workspace.resolve(path);
        parts.push(render(file, await readLines(file, context.signal), { percent, headLines }));
      } catch (error) {
        // One bad path among several must not hide the others.
        if (paths.length === 1 || context.signal.aborted) throw error;
        parts.push(`File: ${path}\n[not shown: ${messageOf(error)}]`);
      }
    }
    return parts.join("\n\n");
  },
};

interface Lines {
  lines: string[];
  goesOn: boolean;
}

function readLines(file: ResolvedPath, signal: AbortSignal): Promise<Lines> {
  return withTextFile(file, async (handle) => {
    const lines: string[] = [];
    for await (const line of linesOf(handle, { maxBytes: maxFileBytes, maxLineLength, signal })) {
      if (line === fileGoesOn) return { lines, goesOn: true };
      lines.push(line);
    }
    return { lines, goesOn: false };
  });
}

function render(
  file: ResolvedPath,
  { lines, goesOn }: Lines,
  { percent, headLines }: { percent: number; headLines: number },
): string {
  const wanted = Math.min(maxShown, Math.max(headLines, Math.ceil((lines.length * percent) / 100)));
  const shown = choose(file.path, lines, { wanted, headLines });
  const total = goesOn ? `more than ${lines.length}` : lines.length;
  const out = [`File: ${file.shown} (${shown.length} of ${total} lines shown)`];
  let last = 0;
  for (const number of shown) {
    if (number > last + 1) out.push("…");
    out.push(`${number}: ${lines[number - 1] ?? ""}`);
    last = number;
  }
  if (last < lines.length || goesOn) out.push("[skimmed: read_file gives the lines between]");
  return out.join("\n");
}

/** Numbers of the lines to show, in order: the head, then what tells most, then evenly spread ones. */
function choose(path: string, lines: string[], { wanted, headLines }: { wanted: number; headLines: number }): number[] {
  const chosen = new Set<number>();
  for (let number = 1; number <= Math.min(headLines, lines.length); number += 1) chosen.add(number);
  const telling = tellingLines(path, lines).filter((number) => number > headLines);
  for (const number of spread(telling, wanted - chosen.size)) chosen.add(number);
  const others = lines.flatMap((line, index) => (line.trim() === "" || chosen.has(index + 1) ? [] : [index + 1]));
  for (const number of spread(others, wanted - chosen.size)) chosen.add(number);
  return [...chosen].sort((a, b) => a - b);
}

function tellingLines(path: string, lines: string[]): number[] {
  const language = languageOf(path, null);
  if (language) return outlineOf(lines, language).flatMap(({ kind, line }) => (kind === "import" ? [] : [line]));
  return lines.flatMap((line, index) => (/^#{1,6}\s|^\[[^\]]{1,80}\]\s*$|^=+\s/.test(line) ? [index + 1] : []));
}

/** At most `count` of the numbers, evenly. */
function spread(numbers: number[], count: number): number[] {
  if (count <= 0) return [];
  if (numbers.length <= count) return numbers;
  return Array.from({ length: count }, (_, index) => numbers[Math.floor((index * numbers.length) / count)] ?? 0);
}
