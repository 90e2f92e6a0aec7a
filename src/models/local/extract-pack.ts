import { constants } from "node:fs";
import { access, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as zlib from "node:zlib";
import { AppError, messageOf } from "#core/errors.ts";
import type { NativePack } from "#models/native-packs.ts";

/** Folders where native files may be kept, best first. */
export function cacheFolders(configured: string | null, env: Record<string, string | undefined>): string[] {
  const user = typeof process.getuid === "function" ? process.getuid() : 0;
  const named = [configured, env["XDG_CACHE_HOME"] && join(env["XDG_CACHE_HOME"], "abstractgateway")];
  const home = env["HOME"] ? join(env["HOME"], ".cache", "abstractgateway") : null;
  return [...named, home, join(tmpdir(), `abstractgateway-${user}`)].filter((each): each is string => Boolean(each));
}

/**
 * Folder with a pack's files: taken from the first cache folder that has them, else extracted once. Safe when several processes begin
 * together: each writes a folder of its own, and one rename wins. AppError `storage` names the folder, the bytes and the variable to set.
 */
export async function ensurePack(kind: string, pack: NativePack, folders: string[]): Promise<string> {
  const name = `${kind}-${pack.hash.slice(0, 16)}`;
  for (const folder of folders) {
    const ready = join(folder, "native", name);
    if (await isComplete(ready)) return ready;
  }
  const failures: string[] = [];
  for (const folder of folders) {
    try {
      return await extract(pack, join(folder, "native"), name);
    } catch (error) {
      failures.push(`${folder}: ${messageOf(error)}`);
    }
  }
  throw new AppError(
    "storage",
    `Native files (${pack.unpackedBytes} bytes) could not be unpacked: ${failures.join("; ")}. Name a writable folder with ABSTRACTGATEWAY_CACHE_DIR`,
  );
}

async function isComplete(folder: string): Promise<boolean> {
  try {
    await access(folder, constants.R_OK);
    return (await readdir(folder)).length > 0;
  } catch {
    return false;
  }
}

async function extract(pack: NativePack, parent: string, name: string): Promise<string> {
  await mkdir(parent, { recursive: true, mode: 0o700 });
  const owner = await stat(parent);
  if (typeof process.getuid === "function" && owner.uid !== process.getuid())
    throw new Error("it belongs to another user");
  const temporary = join(parent, `.tmp-${name}-${process.pid}-${crypto.randomUUID()}`);
  const final = join(parent, name);
  try {
    await mkdir(temporary, { mode: 0o700 });
    await writeFiles(await unpack(pack), temporary);
    await rename(temporary, final);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    // Another process was quicker: its folder is as good as ours.
    if (await isComplete(final)) return final;
    throw error;
  }
  return final;
}

async function unpack(pack: NativePack): Promise<Uint8Array> {
  const packed = new Uint8Array(await Bun.file(pack.path).arrayBuffer());
  const { zstdDecompressSync } = zlib as unknown as { zstdDecompressSync(data: Uint8Array): Uint8Array };
  const content = zstdDecompressSync(packed);
  if (Bun.SHA256.hash(content, "hex") !== pack.hash) throw new Error("the packed files are damaged");
  return content;
}

async function writeFiles(content: Uint8Array, folder: string): Promise<void> {
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const headerBytes = view.getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(content.subarray(4, 4 + headerBytes))) as {
    files: { name: string; bytes: number }[];
  };
  let at = 4 + headerBytes;
  for (const { name, bytes } of header.files) {
    const file = await open(join(folder, name), "wx", 0o700);
    try {
      await file.writeFile(content.subarray(at, at + bytes));
      await file.sync();
    } finally {
      await file.close();
    }
    at += bytes;
  }
}
