import { type Zippable, zipSync } from "fflate";

/** Earliest time that a zip can hold: the same files give the same bytes, whenever they are packed. */
const fixedTime = new Date(1980, 0, 1);

/** The archive of a set of files: sorted, with fixed times. */
export function packFiles(files: Map<string, Uint8Array>): Uint8Array {
  const tree: Zippable = {};
  for (const name of [...files.keys()].sort())
    tree[name] = [files.get(name) ?? new Uint8Array(), { mtime: fixedTime, level: 6 }];
  return zipSync(tree);
}
