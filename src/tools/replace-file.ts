import { type FileHandle, chmod, chown, open, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { newHexId } from "#core/ids.ts";
import { errorCodeOf } from "#tools/file-error.ts";

/**
 * Writes a file so that nobody ever sees half of it: beside its place, then moved there. Keeps the mode of the file that it replaces, and the owner where
 * this process may set one. Throws what the system throws.
 */
export async function replaceFile(path: string, content: string | AsyncIterable<Uint8Array>): Promise<void> {
  const beside = join(dirname(path), `.${basename(path).slice(0, 100)}.${newHexId()}.tmp`);
  try {
    const handle = await open(beside, "wx");
    try {
      if (typeof content === "string") await handle.writeFile(content);
      else for await (const chunk of content) await writeAll(handle, chunk);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await keepFacts(path, beside);
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}

async function writeAll(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.length;) at += (await handle.write(chunk, at)).bytesWritten;
}

async function keepFacts(path: string, beside: string): Promise<void> {
  const facts = await stat(path).catch((error: unknown) => {
    if (errorCodeOf(error) === "ENOENT") return null;
    throw error;
  });
  if (!facts) return;
  const { uid, gid } = await stat(beside);
  // Only root may give a file away; for others it becomes theirs, as with any editor that writes this way.
  if (facts.uid !== uid || facts.gid !== gid) await chown(beside, facts.uid, facts.gid).catch(() => undefined);
  // After the owner, because changing that clears the set-user bits.
  await chmod(beside, facts.mode & 0o7777);
}
