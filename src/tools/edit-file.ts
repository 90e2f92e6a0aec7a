import { AppError } from "#core/errors.ts";
import type { JsonObject } from "#core/value.ts";
import { countOf, flagOf, textOf } from "#tools/argument-values.ts";
import { workspaceOf } from "#tools/create-workspace.ts";
import { fileError } from "#tools/file-error.ts";
import { oneLine } from "#tools/one-line.ts";
import { readWholeText } from "#tools/open-file.ts";
import { replaceFile } from "#tools/replace-file.ts";
import { type Found, applyReplacements, findLiteral, findRegex } from "#tools/replacement.ts";
import { similarLine } from "#tools/similar-line.ts";
import { cutLine } from "#tools/text-lines.ts";
import { stopIfAborted } from "#tools/stop-if-aborted.ts";
import type { Tool } from "#tools/tool.ts";

const maxFileBytes = 10 * 1024 ** 2;
/** Finding where a pattern matches is slow at worst, and happens in the gateway's own thread. */
const maxRegexBytes = 512 * 1024;
const maxDiffCharacters = 20_000;
const diffBudgetMs = 2000;

export const editFile: Tool = {
  name: "edit_file",
  description:
    "Replaces text in a file, found literally or by a regular expression (RE2 syntax, ^ and $ at every line), and answers the change as a unified diff.",
  when_to_use: "You change part of a file. Read it first: the pattern must be exactly what is there.",
  toolset: "files",
  parameters: {
    file_path: { type: "string", description: "The file, relative to the workspace." },
    pattern: { type: "string", description: "The text to replace; it may have several lines." },
    replacement: {
      type: "string",
      description: "What comes in its stead. With use_regex, \\1 and \\g<name> stand for groups, \\n for a line break.",
    },
    use_regex: { type: "boolean", description: "Whether the pattern is a regular expression.", default: false },
    max_replacements: { type: "integer", description: "Places changed at most; -1 for all.", default: 1 },
    start_line: { type: "integer", description: "First line that may be changed, counted from 1.", default: 1 },
    end_line: { type: "integer", description: "Last line that may be changed; null for the end.", default: null },
  },
  examples: [{ file_path: "src/main.py", pattern: "timeout = 10", replacement: "timeout = 30" }],
  synonyms: {
    file_path: ["path", "filename", "file"],
    pattern: ["old_string", "old_text", "old", "search", "find", "target"],
    replacement: ["new_string", "new_text", "new", "replace", "replace_with"],
    use_regex: ["regex", "is_regex"],
    max_replacements: ["count", "limit"],
    start_line: ["start", "from_line"],
    end_line: ["end", "to_line"],
  },
  paths: [{ argument: "file_path" }],
  approval: "required",
  replay: "ask",
  timeoutMs: 60_000,
  async run(args, context) {
    const file = await workspaceOf(context).resolve(textOf(args, "file_path"));
    const isRegex = flagOf(args, "use_regex");
    const before = await readWholeText(file, isRegex ? maxRegexBytes : maxFileBytes);
    const range = rangeOf(before, args, file.shown);
    const middle = before.slice(range.from, range.to);
    const found = await find(middle, args);
    if (found.replacements.length === 0) throw notFound(before, args, file.shown);
    const after = before.slice(0, range.from) + applyReplacements(middle, found.replacements) + before.slice(range.to);
    if (after === before) return `Nothing changed in ${file.shown}: the replacement is what is there already`;
    stopIfAborted(context.signal);
    try {
      await replaceFile(file.path, after);
    } catch (error) {
      throw fileError(error, file.shown);
    }
    const note = found.left > 0 ? `; ${found.left} more places match and were left (max_replacements)` : "";
    return `Changed ${found.replacements.length} places in ${file.shown}${note}\n${await diffOf(oneLine(file.shown), before, after)}`;
  },
};

/** Where the allowed lines begin and end in the text. */
function rangeOf(text: string, args: JsonObject, shown: string): { from: number; to: number } {
  const start = countOf(args, "start_line", { min: 1, max: Number.MAX_SAFE_INTEGER, otherwise: 1 });
  const end = countOf(args, "end_line", { min: 0, max: Number.MAX_SAFE_INTEGER, otherwise: Number.MAX_SAFE_INTEGER });
  if (end < start) throw new AppError("invalid_request", `end_line ${end} comes before start_line ${start}`);
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  const from = starts[start - 1];
  if (from === undefined) {
    throw new AppError("invalid_request", `'${shown}' has ${starts.length} lines; start_line ${start} is past its end`);
  }
  return { from, to: starts[end] ?? text.length };
}

async function find(text: string, args: JsonObject): Promise<Found> {
  const pattern = textOf(args, "pattern");
  const replacement = textOf(args, "replacement");
  const wanted = countOf(args, "max_replacements", { min: -1, max: Number.MAX_SAFE_INTEGER, otherwise: 1 });
  const limit = wanted < 1 ? Number.MAX_SAFE_INTEGER : wanted;
  if (flagOf(args, "use_regex")) {
    const { safePattern } = await import("#tools/safe-pattern.ts");
    return findRegex(text, safePattern(pattern, { multiline: true }), { replacement, limit });
  }
  if (pattern === "") throw new AppError("invalid_request", "The pattern is empty");
  const found = findLiteral(text, pattern, { replacement, limit });
  if (found.replacements.length > 0 || !text.includes("\r\n") || pattern.includes("\r")) return found;
  // The file has Windows line ends, and models write `\n`.
  const toWindows = (part: string) => part.replace(/\r?\n/g, "\r\n");
  return findLiteral(text, toWindows(pattern), { replacement: toWindows(replacement), limit });
}

function notFound(text: string, args: JsonObject, shown: string): AppError {
  const pattern = textOf(args, "pattern");
  const where = args["start_line"] === 1 && args["end_line"] === null ? "" : " in those lines";
  const firstLine = pattern.split("\n").find((line) => line.trim() !== "") ?? pattern;
  const near = similarLine(text.split(/\r?\n/), firstLine);
  const hint = near ? `; the nearest is line ${near.number}: ${cutLine(near.line, 200)}` : "";
  return new AppError("not_found", `The pattern is not in '${shown}'${where}${hint}`);
}

async function diffOf(name: string, before: string, after: string): Promise<string> {
  const { FILE_HEADERS_ONLY, createTwoFilesPatch } = await import("diff");
  const options = { context: 3, timeout: diffBudgetMs, headerOptions: FILE_HEADERS_ONLY };
  const patch = createTwoFilesPatch(name, name, before, after, "", "", options);
  if (patch === undefined) return "[no diff: the change is too large to be shown]";
  if (patch.length <= maxDiffCharacters) return patch;
  return `${patch.slice(0, maxDiffCharacters)}\n[truncated: the diff is longer; read_file shows the result]`;
}
