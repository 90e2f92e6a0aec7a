import { lstat } from "node:fs/promises";
import { AppError } from "#core/errors.ts";
import { type FileFamily, endingOf, fileFamilies, fileFamily } from "#tools/file-family.ts";
import { walkFolder } from "#tools/walk-folder.ts";
import type { Workspace } from "#tools/workspace.ts";

export interface ListingOptions {
  workspace: Workspace;
  path: string;
  isRecursive: boolean;
  includesFolders: boolean;
  /** `any`, or one family of files. */
  family: string;
  /** Endings without the point, in small letters; none: all. */
  extensions: string[];
  /** Part of the name; empty: all. */
  query: string;
  limit: number;
  /** 0: as deep as it goes. */
  maxDepth: number;
  signal: AbortSignal;
}

export interface ListedEntry {
  path: string;
  name: string;
  kind: "folder" | "file";
  family: FileFamily | "folder";
  size_bytes?: number;
}

export interface Listing {
  folder: string;
  entries: ListedEntry[];
  isTruncated: boolean;
}

const deepest = 50;

/** What lies in a folder of a workspace. Symbolic links and ignored folders are left out. AppErrors as those of the workspace. */
export async function listFolder(options: ListingOptions): Promise<Listing> {
  const { workspace, limit, signal } = options;
  if (options.family !== "any" && !fileFamilies.some((family) => family === options.family)) {
    throw new AppError("invalid_request", `family '${options.family}' is not one of any, ${fileFamilies.join(", ")}`);
  }
  const folder = await workspace.resolve(options.path.trim() === "" ? "." : options.path);
  const maxDepth = options.isRecursive ? options.maxDepth || deepest : 1;
  const walk = walkFolder(folder, { workspace, maxDepth, includeHidden: false, signal });
  const entries: ListedEntry[] = [];
  let isTruncated = false;
  for await (const { path, shown, name, kind } of walk.entries) {
    if (kind !== "file" && kind !== "folder") continue;
    if (!isWanted(name, kind, options)) continue;
    if (entries.length >= limit) {
      isTruncated = true;
      break;
    }
    entries.push(await entryOf({ path, shown, name, kind }));
  }
  return { folder: folder.shown, entries, isTruncated: isTruncated || walk.isCut() };
}

function isWanted(name: string, kind: "file" | "folder", options: ListingOptions): boolean {
  if (options.query !== "" && !name.toLowerCase().includes(options.query.toLowerCase())) return false;
  if (kind === "folder") return options.includesFolders;
  if (options.family !== "any" && fileFamily(name) !== options.family) return false;
  return options.extensions.length === 0 || options.extensions.includes(endingOf(name));
}

type Found = { path: string; shown: string; name: string; kind: "file" | "folder" };

async function entryOf({ path, shown, name, kind }: Found): Promise<ListedEntry> {
  const entry: ListedEntry = { path: shown, name, kind, family: kind === "folder" ? kind : fileFamily(name) };
  if (kind === "folder") return entry;
  const facts = await lstat(path).catch(() => null);
  return facts ? { ...entry, size_bytes: facts.size } : entry;
}

/** `.md, txt` as endings. */
export function readExtensions(value: string | readonly string[]): string[] {
  const words = typeof value === "string" ? value.split(/[\s,;]+/) : value;
  return words
    .map((word) =>
      word
        .trim()
        .toLowerCase()
        .replace(/^\*?\./, ""),
    )
    .filter(Boolean);
}
