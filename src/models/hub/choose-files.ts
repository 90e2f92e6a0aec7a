import { AppError } from "#core/errors.ts";
import type { HubName } from "#models/hub/hub-name.ts";
import type { HubFile } from "#models/hub/repository.ts";

/** Taken in this order where nobody says which: a good answer for the memory first. */
const preferred = ["Q4_K_M", "Q5_K_M", "Q8_0", "Q4_0", "Q6_K", "F16", "BF16"];
const partName = /-(\d{5})-of-(\d{5})\.gguf$/i;

/**
 * The files of one model: the named one, the one of the named quantisation, or the usual one; all parts of a split model. AppErrors list
 * what there is.
 */
export function chooseFiles(files: HubFile[], { file, tag }: HubName): HubFile[] {
  // Parts for pictures are no models of their own.
  const models = files.filter(({ path }) => !/mmproj/i.test(path) || path === file);
  const sets = [...Map.groupBy(models, ({ path }) => path.replace(partName, ".gguf")).entries()];
  const there = sets.map(([name]) => name).join(", ");
  const chosen = file === null ? byTag(sets, tag) : sets.filter(([, parts]) => parts.some(({ path }) => path === file));
  const [only, another] = chosen;
  if (!only) {
    const wanted = file ?? tag ?? "a usual quantisation";
    throw new AppError("not_found", `The repository has no file for '${wanted}' (there are: ${there})`);
  }
  if (another) {
    const several = chosen.map(([name]) => name).join(", ");
    throw new AppError("invalid_request", `Several files fit '${tag ?? ""}': ${several}. Name one of them`);
  }
  return complete(only[1]);
}

type FileSet = [name: string, parts: HubFile[]];

function byTag(sets: FileSet[], tag: string | null): FileSet[] {
  if (sets.length === 1 && tag === null) return sets;
  for (const wanted of tag === null ? preferred : [tag]) {
    const found = sets.filter(([name]) => hasTag(name, wanted));
    if (found.length > 0) return found;
  }
  return [];
}

/** `Q4_K` must not stand for `Q4_K_M`. */
function hasTag(path: string, tag: string): boolean {
  const name = path.toLowerCase();
  const wanted = tag.toLowerCase();
  for (let at = name.indexOf(wanted); at >= 0; at = name.indexOf(wanted, at + 1)) {
    const isWord = !/[a-z0-9_]/.test(name[at - 1] ?? "") && !/[a-z0-9_]/.test(name[at + wanted.length] ?? "");
    if (isWord) return true;
  }
  return false;
}

function complete(parts: HubFile[]): HubFile[] {
  const sorted = parts.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const wanted = Number(partName.exec(sorted[0]?.path ?? "")?.[2] ?? 1);
  if (sorted.length === wanted) return sorted;
  throw new AppError("not_found", `The repository has ${sorted.length} of ${wanted} parts of ${sorted[0]?.path}`);
}
