import { lstat } from "node:fs/promises";
import { type WalkEntry, walkFolder } from "#tools/walk-folder.ts";
import type { Workspace } from "#tools/workspace.ts";

export interface FoundFile {
  path: string;
  size_bytes?: number;
}

/** Finds files of a workspace by parts of their paths. What it has seen it keeps for a while. */
export interface FileIndex {
  search(workspace: Workspace, query: string, limit: number, signal: AbortSignal): Promise<FoundFile[]>;
}

export interface FileIndexOptions {
  ttlMs: number;
  maxFiles: number;
  now: () => number;
}

interface Indexed {
  atMs: number;
  files: Pick<WalkEntry, "path" | "shown" | "name">[];
}

const maxRoots = 16;
const maxDepth = 50;

export function createFileIndex({ ttlMs, maxFiles, now }: FileIndexOptions): FileIndex {
  const indexes = new Map<string, Promise<Indexed>>();
  const indexOf = async (workspace: Workspace, signal: AbortSignal): Promise<Indexed> => {
    const known = await indexes.get(workspace.root);
    if (known && now() - known.atMs < ttlMs) return known;
    const made = readTree(workspace, { maxFiles, atMs: now(), signal });
    indexes.set(workspace.root, made);
    made.catch(() => indexes.delete(workspace.root));
    const oldest = indexes.keys().next().value;
    if (indexes.size > maxRoots && oldest !== undefined) indexes.delete(oldest);
    return made;
  };
  return {
    async search(workspace, query, limit, signal) {
      const words = query.toLowerCase().split(/\s+/).filter(Boolean);
      const { files } = await indexOf(workspace, signal);
      const scored = files.flatMap((file) => {
        const score = scoreOf(file, words);
        // What was seen may have been seen for somebody who has other folders to ignore.
        return score === null || workspace.show(file.path) === null ? [] : [{ file, score }];
      });
      scored.sort((a, b) => a.score - b.score || (a.file.shown < b.file.shown ? -1 : 1));
      return Promise.all(scored.slice(0, limit).map(({ file }) => described(file)));
    },
  };
}

/** Smaller is better: the name itself, a beginning of it, a part of it, a part of the path. Null when a word is nowhere. */
function scoreOf({ shown, name }: Indexed["files"][number], words: string[]): number | null {
  const path = shown.toLowerCase();
  if (!words.every((word) => path.includes(word))) return null;
  const last = name.toLowerCase();
  const whole = words.join(" ");
  const rank = last === whole ? 0 : last.startsWith(whole) ? 1 : words.every((word) => last.includes(word)) ? 2 : 3;
  return rank * 10_000 + Math.min(path.length, 9999);
}

async function readTree(
  workspace: Workspace,
  { maxFiles, atMs, signal }: { maxFiles: number; atMs: number; signal: AbortSignal },
): Promise<Indexed> {
  const root = await workspace.resolve(".");
  const files: Indexed["files"] = [];
  const walk = walkFolder(root, { workspace, maxDepth, includeHidden: false, signal });
  for await (const { path, shown, name, kind } of walk.entries) {
    if (kind === "file") files.push({ path, shown, name });
    if (files.length >= maxFiles) break;
  }
  return { atMs, files };
}

async function described({ path, shown }: Indexed["files"][number]): Promise<FoundFile> {
  const facts = await lstat(path).catch(() => null);
  return facts ? { path: shown, size_bytes: facts.size } : { path: shown };
}
