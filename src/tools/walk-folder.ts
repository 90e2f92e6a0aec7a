import { opendir } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "#core/errors.ts";
import { fileError } from "#tools/file-error.ts";
import { stopIfAborted } from "#tools/stop-if-aborted.ts";
import type { ResolvedPath, Workspace } from "#tools/workspace.ts";

/** Folders that hold what machines made: large, and not what anybody asks about. Naming one as the start still shows it. */
const skippedFolders = new Set([
  ".git",
  ".hg",
  ".svn",
  "node_modules",
  "__pycache__",
  ".venv",
  ".mypy_cache",
  ".pytest_cache",
]);

/** Entries of one folder, and of a whole walk, that are looked at. */
const maxFolderEntries = 20_000;
const maxWalkEntries = 200_000;

export interface WalkOptions {
  workspace: Workspace;
  /** 1 lists only the folder itself. */
  maxDepth: number;
  includeHidden: boolean;
  signal: AbortSignal;
}

export interface WalkEntry {
  path: string;
  shown: string;
  /** Relative to the folder where the walk began, with `/`. */
  relative: string;
  name: string;
  kind: "file" | "folder" | "link" | "other";
  /** 1 for what lies in the folder itself. */
  depth: number;
}

export interface Walk {
  entries: AsyncGenerator<WalkEntry>;
  /** Whether something was left out because there is too much of it. */
  isCut(): boolean;
}

/**
 * What lies below a folder: each folder's entries by name, a folder before what is in it. Symbolic links are named and not followed, ignored folders
 * left out. AppError `not_found`, `forbidden` or `invalid_request` when the first folder cannot be read; others that cannot are passed over.
 */
export function walkFolder(folder: ResolvedPath, options: WalkOptions): Walk {
  const state = { seen: 0, isCut: false };
  return { entries: walk({ path: folder.path, relative: "", depth: 1 }, options, state), isCut: () => state.isCut };

  async function* walk(
    at: { path: string; relative: string; depth: number },
    options: WalkOptions,
    state: { seen: number; isCut: boolean },
  ): AsyncGenerator<WalkEntry> {
    for (const { name, kind } of await readFolder(at, state)) {
      stopIfAborted(options.signal);
      if (state.seen >= maxWalkEntries) {
        state.isCut = true;
        return;
      }
      state.seen += 1;
      const path = join(at.path, name);
      const shown = options.workspace.show(path);
      const isHidden = name.startsWith(".") && !options.includeHidden;
      if (shown === null || isHidden || (kind === "folder" && skippedFolders.has(name))) continue;
      const relative = at.relative === "" ? name : `${at.relative}/${name}`;
      yield { path, shown, relative, name, kind, depth: at.depth };
      if (kind === "folder" && at.depth < options.maxDepth) {
        yield* walk({ path, relative, depth: at.depth + 1 }, options, state);
      }
    }
  }

  async function readFolder(
    at: { path: string; depth: number },
    state: { isCut: boolean },
  ): Promise<{ name: string; kind: WalkEntry["kind"] }[]> {
    const found: { name: string; kind: WalkEntry["kind"] }[] = [];
    try {
      for await (const entry of await opendir(at.path)) {
        if (found.length >= maxFolderEntries) {
          state.isCut = true;
          break;
        }
        const kind = entry.isDirectory()
          ? "folder"
          : entry.isFile()
            ? "file"
            : entry.isSymbolicLink()
              ? "link"
              : "other";
        found.push({ name: entry.name, kind });
      }
    } catch (error) {
      if (at.depth === 1) throw folderError(error, folder.shown);
    }
    return found.sort((a, b) => (a.name < b.name ? -1 : 1));
  }
}

function folderError(error: unknown, shown: string): AppError {
  const isFile = error instanceof Error && (error as { code?: unknown }).code === "ENOTDIR";
  return isFile ? new AppError("invalid_request", `'${shown}' is a file, not a folder`) : fileError(error, shown);
}
