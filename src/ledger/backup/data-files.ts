import { readdir, readlink } from "node:fs/promises";
import { join } from "node:path";

/** What a folder holds, paths relative to it with `/`, sorted. */
export interface Listing {
  files: string[];
  links: { path: string; target: string }[];
}

/** Lists files and links. Pipes, sockets and devices are left out: they have no content to keep. */
export async function listFiles(folder: string, isLeftOut: (path: string) => boolean): Promise<Listing> {
  const listing: Listing = { files: [], links: [] };
  await walk(folder, "", isLeftOut, listing);
  listing.files.sort();
  return listing;
}

async function walk(root: string, inside: string, isLeftOut: (path: string) => boolean, listing: Listing) {
  const entries = await readdir(join(root, inside), { withFileTypes: true }).catch(ifGone([]));
  for (const entry of entries) {
    const path = inside === "" ? entry.name : `${inside}/${entry.name}`;
    if (isLeftOut(path)) continue;
    if (entry.isDirectory()) await walk(root, path, isLeftOut, listing);
    else if (entry.isFile()) listing.files.push(path);
    else if (entry.isSymbolicLink()) listing.links.push({ path, target: await readlink(join(root, path)) });
  }
}

/** A running gateway removes files while they are listed: what is gone belongs to no backup. */
export function ifGone<T>(value: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return value;
    throw error;
  };
}
