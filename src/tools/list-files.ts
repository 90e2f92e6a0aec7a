import { lstat } from "node:fs/promises";
import { countOf, flagOf, textOf } from "#tools/argument-values.ts";
import { workspaceOf } from "#tools/create-workspace.ts";
import { namePattern } from "#tools/name-pattern.ts";
import { oneLine } from "#tools/one-line.ts";
import type { Tool } from "#tools/tool.ts";
import { type WalkEntry, walkFolder } from "#tools/walk-folder.ts";

const maxEntries = 2000;
const maxDepth = 50;

export const listFiles: Tool = {
  name: "list_files",
  description:
    "Lists files and folders by name, with sizes. Generated folders such as .git and node_modules are left out.",
  when_to_use: "You look for files by their names, or want to know what a folder holds.",
  toolset: "files",
  parameters: {
    directory_path: { type: "string", description: "The folder, relative to the workspace.", default: "." },
    pattern: { type: "string", description: "Globs, separated by |, such as *.py|*.md.", default: "*" },
    recursive: { type: "boolean", description: "Whether folders inside are listed too.", default: false },
    include_hidden: { type: "boolean", description: "Whether names that begin with a dot are listed.", default: false },
    head_limit: { type: "integer", description: `Entries listed at most, up to ${maxEntries}.`, default: 100 },
  },
  examples: [{ directory_path: "src", pattern: "*.ts|*.tsx", recursive: true }],
  synonyms: {
    directory_path: ["path", "dir", "directory", "folder", "folder_path", "dir_path"],
    pattern: ["glob", "file_pattern", "filter"],
    head_limit: ["limit", "max_results", "max_entries"],
    include_hidden: ["hidden", "show_hidden", "all"],
  },
  paths: [{ argument: "directory_path", default: "." }],
  approval: "auto",
  replay: "safe",
  timeoutMs: 30_000,
  async run(args, context) {
    const workspace = workspaceOf(context);
    const folder = await workspace.resolve(textOf(args, "directory_path", "."));
    const pattern = textOf(args, "pattern", "*");
    const fits = namePattern(pattern);
    const limit = countOf(args, "head_limit", { min: 1, max: maxEntries, otherwise: 100 });
    const walk = walkFolder(folder, {
      workspace,
      maxDepth: flagOf(args, "recursive") ? maxDepth : 1,
      includeHidden: flagOf(args, "include_hidden"),
      signal: context.signal,
    });
    const found: WalkEntry[] = [];
    let count = 0;
    for await (const entry of walk.entries) {
      if (!fits(entry)) continue;
      count += 1;
      if (found.length < limit) found.push(entry);
    }
    if (count === 0) return `Nothing in '${folder.shown}' matches '${pattern}'`;
    const lines = await Promise.all(found.map(lineOf));
    const notes = count > limit ? [`[truncated: ${count - limit} more; narrow the pattern or raise head_limit]`] : [];
    if (walk.isCut()) notes.push("[truncated: too many entries to look at; start in a folder further down]");
    return [`Entries in '${folder.shown}' matching '${pattern}': ${count}`, ...lines, ...notes].join("\n");
  },
};

async function lineOf({ path, shown, kind }: WalkEntry): Promise<string> {
  const name = oneLine(shown);
  if (kind === "folder") return `${name}/`;
  if (kind === "link") return `${name} (symbolic link)`;
  try {
    return `${name} (${(await lstat(path)).size} bytes)`;
  } catch {
    // It went away after it was listed.
    return name;
  }
}
