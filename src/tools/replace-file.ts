import { chmod, chown, open, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { newHexId } from "#core/ids.ts";
import { errorCodeOf } from "#tools/file-error.ts";

/**
 * Writes a file so that nobody ever sees half of it: beside its place, then moved there. Keeps the mode of the file that it replaces, and the owner where
 * this process may set one. Throws what the system throws.
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  const beside = join(dirname(path), `.${basename(path).slice(0, 100)}.${newHexId()}.tmp`);
  try {
    const handle = await open(beside, "wx");
    try {
      await handle.writeFile(text);
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
