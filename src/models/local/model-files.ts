import { open, readdir, stat } from "node:fs/promises";
import { basename, isAbsolute, join } from "node:path";
import { AppError } from "#core/errors.ts";
import type { ModelInfo } from "#models/provider.ts";

/** Every file `*.gguf` in the folders, named by its stem; the first folder wins. A folder that is not there is empty. */
export async function listModelFiles(folders: string[]): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const folder of folders) {
    let names: string[];
    try {
      names = await readdir(folder);
    } catch {
      continue;
    }
    for (const name of names.sort()) {
      const stem = basename(name, ".gguf");
      if (!name.endsWith(".gguf") || found.has(stem)) continue;
      if (await isFile(join(folder, name))) found.set(stem, join(folder, name));
    }
  }
  return found;
}

/** A folder, or a link that leads nowhere, may have such a name too; a pipe would never be read to its end. */
async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

/** Path of a model by name or by its own absolute path. AppError `not_found` tells where was looked and what there is. */
export async function findModel(name: string, folders: string[]): Promise<string> {
  if (isAbsolute(name) && name.endsWith(".gguf") && (await isFile(name))) return name;
  const models = await listModelFiles(folders);
  const path = models.get(basename(name, ".gguf"));
  if (path) return path;
  const there = [...models.keys()].join(", ") || "none";
  const where = folders.length > 0 ? ` in ${folders.join(", ")}` : "";
  throw new AppError("not_found", `There is no local model '${name}'${where} (there are: ${there})`);
}

export async function describeModel(id: string, path: string): Promise<ModelInfo> {
  const context = await contextLength(path);
  return {
    id,
    provider: "local",
    capabilities: ["text", "tools", "json"],
    sizeBytes: Bun.file(path).size,
    ...(context === null ? {} : { contextTokens: context }),
  };
}

const maxEntries = 1_000_000;

/**
 * Refuses what cannot be a GGUF file by its first bytes (magic, version, counts of tensors and of metadata): the library would read on
 * in it without an end. Throws an Error that says what is wrong.
 */
export async function assertModelFile(path: string): Promise<void> {
  const head = Buffer.from(await Bun.file(path).slice(0, 24).arrayBuffer());
  if (head.length < 24 || head.subarray(0, 4).toString("latin1") !== "GGUF") throw new Error("it is not a GGUF file");
  const version = head.readUInt32LE(4);
  if (version < 2 || version > 3) throw new Error(`its GGUF version ${version} is not known`);
  const [tensors, entries] = [head.readBigUInt64LE(8), head.readBigUInt64LE(16)];
  if (tensors > maxEntries || entries > maxEntries) throw new Error("its header is damaged");
}

const headerBytes = 64 * 1024;

/** `<architecture>.context_length` of a GGUF file's metadata, looked for at its beginning; null when it is not there. */
async function contextLength(path: string): Promise<number | null> {
  const file = await open(path, "r").catch(() => null);
  // A file that may not be read, or was removed meanwhile, must not cost the list of the others.
  if (!file) return null;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(headerBytes), 0, headerBytes, 0);
    if (buffer.subarray(0, 4).toString("latin1") !== "GGUF") return null;
    const key = Buffer.from(".context_length");
    const at = buffer.indexOf(key);
    const valueAt = at + key.length + 4;
    // The value's type stands before it: 4 is an unsigned 32-bit number, 10 an unsigned 64-bit one.
    if (at < 0 || valueAt + 4 > bytesRead) return null;
    return [4, 10].includes(buffer.readUInt32LE(at + key.length)) ? buffer.readUInt32LE(valueAt) : null;
  } finally {
    await file.close();
  }
}
