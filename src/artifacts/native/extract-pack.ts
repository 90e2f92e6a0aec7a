import { lstat, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AppError, messageOf } from "#core/errors.ts";
import type { NativePack } from "#artifacts/native/native-packs.ts";
import { type PackedFile, unpack } from "#artifacts/native/unpack.ts";

/** What a folder must hold to be whole: the names and sizes of its files. Written last. */
const listName = "pack.json";
/** An extraction takes seconds. A folder that is still unfinished after this is what a killed process left. */
const abandonedAfterMs = 3_600_000;

/** Folders where native files may be kept, best first. */
export function cacheFolders(configured: string | null, env: Record<string, string | undefined>): string[] {
  const user = typeof process.getuid === "function" ? process.getuid() : 0;
  const named = [configured, env["XDG_CACHE_HOME"] && join(env["XDG_CACHE_HOME"], "abstractgateway")];
  const home = env["HOME"] ? join(env["HOME"], ".cache", "abstractgateway") : null;
  return [...named, home, join(tmpdir(), `abstractgateway-${user}`)].filter((each): each is string => Boolean(each));
}

/**
 * Folder with a pack's files: taken from the first cache folder that has them, else extracted once. Safe when several processes begin
 * together: each writes a folder of its own, and one rename wins. AppError `storage` names the folders, the bytes and the variable to set.
 */
export async function ensurePack(kind: string, pack: NativePack, folders: string[]): Promise<string> {
  const name = `${kind}-${pack.hash.slice(0, 16)}`;
  for (const folder of folders) {
    const ready = join(folder, "native", name);
    if ((await isWhole(ready)) && (await refusalOf(folder)) === null) return ready;
  }
  const failures: string[] = [];
  for (const folder of folders) {
    try {
      return await extract(pack, folder, name);
    } catch (error) {
      failures.push(`${folder}: ${messageOf(error)}`);
    }
  }
  throw new AppError(
    "storage",
    `Native files (${pack.unpackedBytes} bytes) could not be unpacked: ${failures.join("; ")}. Name a writable folder with ABSTRACTGATEWAY_CACHE_DIR`,
  );
}

/** Every file is there in its full size: cleaners of temporary folders take single files. */
async function isWhole(folder: string): Promise<boolean> {
  try {
    const files = (await Bun.file(join(folder, listName)).json()) as PackedFile[];
    const sizes = await Promise.all(files.map(async ({ name }) => (await stat(join(folder, name))).size));
    return files.every(({ bytes }, index) => sizes[index] === bytes);
  } catch {
    return false;
  }
}

/** Why code must not be loaded from a cache folder, or null: the one in the folder for temporary files may be somebody else's trap. */
async function refusalOf(folder: string): Promise<string | null> {
  const user = process.getuid?.();
  if (user === undefined) return null;
  const native = join(folder, "native");
  // Not followed if it is a link, which its maker could turn around at any time.
  const [outer, inner] = [await stat(folder), await lstat(native)];
  if (![user, 0].includes(outer.uid)) return `${folder} belongs to another user`;
  if (![user, 0].includes(inner.uid)) return `${native} belongs to another user`;
  return (inner.mode & 0o002) === 0 ? null : `every user may write to ${native}`;
}

async function extract(pack: NativePack, folder: string, name: string): Promise<string> {
  const parent = join(folder, "native");
  await mkdir(parent, { recursive: true, mode: 0o700 });
  const refusal = await refusalOf(folder);
  if (refusal !== null) throw new Error(refusal);
  await removeAbandoned(parent);
  const temporary = join(parent, `.tmp-${name}-${process.pid}-${crypto.randomUUID()}`);
  const final = join(parent, name);
  try {
    await mkdir(temporary, { mode: 0o700 });
    const files = await unpack(pack, temporary);
    await writeList(temporary, files);
    await putInPlace(temporary, final);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    // Another process was quicker: its folder is as good as ours.
    if (await isWhole(final)) return final;
    throw error;
  }
  return final;
}

async function removeAbandoned(parent: string): Promise<void> {
  for (const entry of await readdir(parent)) {
    if (!entry.startsWith(".tmp-")) continue;
    const path = join(parent, entry);
    const found = await stat(path).catch(() => null);
    if (found && Date.now() - found.mtimeMs > abandonedAfterMs) await rm(path, { recursive: true, force: true });
  }
}

async function writeList(folder: string, files: readonly PackedFile[]): Promise<void> {
  const list = await open(join(folder, listName), "wx", 0o600);
  try {
    await list.writeFile(JSON.stringify(files));
    await list.sync();
  } finally {
    await list.close();
  }
}

async function putInPlace(temporary: string, final: string): Promise<void> {
  try {
    await rename(temporary, final);
  } catch (error) {
    if (await isWhole(final)) throw error;
    // A damaged folder is in the way. It is moved first, since a process that still runs may have its files mapped.
    const damaged = `${temporary}-damaged`;
    await rename(final, damaged).catch(() => undefined);
    try {
      await rename(temporary, final);
    } finally {
      await rm(damaged, { recursive: true, force: true });
    }
  }
}
