import { AppError } from "#core/errors.ts";
import { countOf, flagOf, textsOf } from "#tools/argument-values.ts";
import { workspaceOf } from "#tools/create-workspace.ts";
import { oneLine } from "#tools/one-line.ts";
import type { Tool, ToolContext } from "#tools/tool.ts";
import { type WalkEntry, walkFolder } from "#tools/walk-folder.ts";

const maxFolders = 20;
/** Files named per folder; the others are counted. */
const filesPerFolder = 12;
const maxLines = 600;

export const skimFolders: Tool = {
  name: "skim_folders",
  description: "Shows the trees of folders: what is in them, a few levels deep, with long folders shortened.",
  when_to_use: "You are new to a project and want to see how it is laid out.",
  toolset: "files",
  parameters: {
    paths: {
      type: "array",
      items: { type: "string" },
      description: `Up to ${maxFolders} folders, relative to the workspace.`,
    },
    max_depth: { type: "integer", description: "Levels shown, 1 to 10.", default: 3 },
    include_hidden: { type: "boolean", description: "Whether names that begin with a dot are shown.", default: false },
  },
  examples: [{ paths: ["."] }, { paths: ["src", "tests"], max_depth: 2 }],
  synonyms: {
    paths: ["path", "folders", "folder", "directories", "directory", "directory_path", "dir"],
    max_depth: ["depth", "levels"],
    include_hidden: ["hidden"],
  },
  paths: [{ argument: "paths" }],
  approval: "auto",
  replay: "safe",
  timeoutMs: 30_000,
  async run(args, context) {
    const paths = textsOf(args, "paths");
    if (paths.length === 0) throw new AppError("invalid_request", "paths names no folder");
    if (paths.length > maxFolders) {
      throw new AppError("invalid_request", `paths names ${paths.length} folders; ${maxFolders} are allowed`);
    }
    const maxDepth = countOf(args, "max_depth", { min: 1, max: 10, otherwise: 3 });
    const trees: string[] = [];
    for (const path of paths) {
      trees.push(await tree(path, { maxDepth, includeHidden: flagOf(args, "include_hidden") }, context));
    }
    return trees.join("\n\n");
  },
};

async function tree(
  path: string,
  options: { maxDepth: number; includeHidden: boolean },
  context: ToolContext,
): Promise<string> {
  const workspace = workspaceOf(context);
  const folder = await workspace.resolve(path);
  const walk = walkFolder(folder, { workspace, ...options, signal: context.signal });
  const drawing = new Drawing(options.maxDepth);
  for await (const entry of walk.entries) drawing.add(entry);
  const { lines, files, folders } = drawing.finish();
  const head = `${oneLine(folder.shown)}/ (${files} files, ${folders} folders down to level ${options.maxDepth})`;
  const notes =
    lines.length > maxLines ? [`[truncated: ${lines.length - maxLines} more lines; skim a folder further down]`] : [];
  if (walk.isCut()) notes.push("[truncated: too many entries to look at; skim a folder further down]");
  return [head, ...lines.slice(0, maxLines), ...notes].join("\n");
}

/** Draws entries as they come: a folder before what is in it. */
class Drawing {
  #maxDepth: number;
  #lines: string[] = [];
  /** Files seen in the folders that are open, by depth. */
  #seen: number[] = [];
  #files = 0;
  #folders = 0;

  constructor(maxDepth: number) {
    this.#maxDepth = maxDepth;
  }

  add({ name, kind, depth }: WalkEntry): void {
    this.#close(depth);
    if (kind === "folder") {
      this.#folders += 1;
      this.#lines.push(`${"  ".repeat(depth)}${oneLine(name)}/${depth === this.#maxDepth ? " …" : ""}`);
      return;
    }
    this.#files += 1;
    const seen = (this.#seen[depth] ?? 0) + 1;
    this.#seen[depth] = seen;
    if (seen <= filesPerFolder)
      this.#lines.push(`${"  ".repeat(depth)}${oneLine(name)}${kind === "link" ? " (symbolic link)" : ""}`);
  }

  finish(): { lines: string[]; files: number; folders: number } {
    this.#close(0);
    return { lines: this.#lines, files: this.#files, folders: this.#folders };
  }

  /** Ends the folders that lie deeper than an entry that follows them. */
  #close(depth: number): void {
    while (this.#seen.length > depth + 1) {
      const seen = this.#seen.pop() ?? 0;
      const level = this.#seen.length;
      if (seen > filesPerFolder) this.#lines.push(`${"  ".repeat(level)}… ${seen - filesPerFolder} more files`);
    }
  }
}
