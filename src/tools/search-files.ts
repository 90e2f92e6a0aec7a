import { stat } from "node:fs/promises";
import { countOf, flagOf, textOf } from "#tools/argument-values.ts";
import { workspaceOf } from "#tools/create-workspace.ts";
import { fileError } from "#tools/file-error.ts";
import { namePattern } from "#tools/name-pattern.ts";
import type { Tool } from "#tools/tool.ts";
import { walkFolder } from "#tools/walk-folder.ts";
import type { ResolvedPath } from "#tools/workspace.ts";

const maxDepth = 50;
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
    const { TextSearch } = await import("#tools/text-search.ts");
    const search = new TextSearch({
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
