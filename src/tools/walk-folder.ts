import type { Dirent } from "node:fs";
import { opendir } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "#core/errors.ts";
import { errorCodeOf, fileError } from "#tools/file-error.ts";
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

/** How far a walk has come. */
interface Progress {
  seen: number;
  isCut: boolean;
}

interface Place {
  path: string;
  relative: string;
  depth: number;
}

/**
 * What lies below a folder: each folder's entries by name, a folder before what is in it. Symbolic links are named and not followed, ignored folders
 * left out. AppError `not_found`, `forbidden` or `invalid_request` when the first folder cannot be read; others that cannot are passed over.
 */
export function walkFolder(folder: ResolvedPath, options: WalkOptions): Walk {
  const progress: Progress = { seen: 0, isCut: false };
  return { entries: start(folder, options, progress), isCut: () => progress.isCut };
}

async function* start(folder: ResolvedPath, options: WalkOptions, progress: Progress): AsyncGenerator<WalkEntry> {
  const top = { path: folder.path, relative: "", depth: 1 };
  try {
    await (await opendir(folder.path)).close();
  } catch (error) {
    throw folderError(error, folder.shown);
  }
  yield* walk(top, options, progress);
}

async function* walk(at: Place, options: WalkOptions, progress: Progress): AsyncGenerator<WalkEntry> {
  for (const { name, kind } of await readFolder(at.path, progress)) {
    stopIfAborted(options.signal);
    if (progress.seen >= maxWalkEntries) {
      progress.isCut = true;
      return;
    }
    progress.seen += 1;
    const path = join(at.path, name);
    const shown = options.workspace.show(path);
    const isHidden = name.startsWith(".") && !options.includeHidden;
    if (shown === null || isHidden || (kind === "folder" && skippedFolders.has(name))) continue;
    const relative = at.relative === "" ? name : `${at.relative}/${name}`;
    yield { path, shown, relative, name, kind, depth: at.depth };
    if (kind === "folder" && at.depth < options.maxDepth) {
      yield* walk({ path, relative, depth: at.depth + 1 }, options, progress);
    }
  }
}

/** Empty for a folder that cannot be read. */
async function readFolder(path: string, progress: Progress): Promise<Pick<WalkEntry, "name" | "kind">[]> {
  const found: Pick<WalkEntry, "name" | "kind">[] = [];
  try {
    for await (const entry of await opendir(path)) {
      if (found.length >= maxFolderEntries) {
        progress.isCut = true;
        break;
      }
      found.push({ name: entry.name, kind: kindOf(entry) });
    }
  } catch {
    // Somebody else's folder, or one that went away meanwhile.
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function kindOf(entry: Dirent): WalkEntry["kind"] {
  if (entry.isDirectory()) return "folder";
  if (entry.isFile()) return "file";
  return entry.isSymbolicLink() ? "link" : "other";
}

function folderError(error: unknown, shown: string): AppError {
  const isFile = errorCodeOf(error) === "ENOTDIR";
  return isFile ? new AppError("invalid_request", `'${shown}' is a file, not a folder`) : fileError(error, shown);
}
