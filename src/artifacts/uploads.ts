import { existsSync } from "node:fs";
import { type FileHandle, mkdir, open, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ArtifactOwner, ownerHasher } from "#artifacts/artifact-owner.ts";
import { diskError } from "#artifacts/disk-error.ts";
import type { ReceivedFile } from "#artifacts/incoming-file.ts";
import { AppError } from "#core/errors.ts";
import { newHexId } from "#core/ids.ts";
import type { Clock } from "#core/time.ts";

/** What a client wants to send, told before its first byte. */
export interface UploadPlan {
  /** Who sends it. */
  principal: string;
  sessionId: string;
  /** What its artifact will belong to. */
  owner: ArtifactOwner;
  filename: string | null;
  contentType: string | null;
  sourcePath: string | null;
  sizeBytes: number;
  sha256: string;
}

export interface Upload extends UploadPlan {
  uploadId: string;
  /** So many bytes are on the disk. */
  offset: number;
}

/**
 * Uploads that come in pieces and go on where they stopped, also after a restart of the gateway: a description and the bytes so far, beside
 * each other in a folder. One piece at a time: a second one for the same upload is refused.
 */
export interface Uploads {
  begin(plan: UploadPlan): Promise<Upload>;
  /** Null when there is none of theirs. */
  find(uploadId: string, principal: string): Promise<Upload | null>;
  /** Adds bytes at `offset`, which must be where it stopped. What came before an error stays. AppErrors `conflict`, `too_large`, `storage`. */
  append(upload: Upload, offset: number, source: AsyncIterable<Uint8Array>): Promise<Upload>;
  /** The whole file. AppError `unprocessable`, and nothing is left, when its hash is not the one that was told. */
  finish(upload: Upload): Promise<ReceivedFile>;
  discard(upload: Upload): Promise<void>;
}

/** An upload that nobody goes on with. */
const lifeMs = 24 * 3600 * 1000;
/** Unfinished uploads of one sender. */
const maxOpen = 100;

export function createUploads({ folder, now }: { folder: string; now: Clock }): Uploads {
  const busy = new Set<string>();
  const planPath = (uploadId: string) => join(folder, `${uploadId}.json`);
  const dataPath = (uploadId: string) => join(folder, `${uploadId}.part`);
  const remove = async (uploadId: string) => {
    await rm(planPath(uploadId), { force: true });
    await rm(dataPath(uploadId), { force: true });
  };
  return {
    async begin(plan) {
      await removeOld(folder, now() - lifeMs);
      const open = (await plansIn(folder)).filter(({ principal }) => principal === plan.principal);
      if (open.length >= maxOpen) {
        throw new AppError("too_many_requests", `There are ${open.length} unfinished uploads: finish or delete some`);
      }
      const uploadId = newHexId();
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        await writeFile(dataPath(uploadId), "", { flag: "wx", mode: 0o600 });
        await writeFile(planPath(uploadId), JSON.stringify(plan), { flag: "wx", mode: 0o600 });
      } catch (error) {
        await remove(uploadId);
        throw diskError(error, "The upload");
      }
      return { ...plan, uploadId, offset: 0 };
    },
    async find(uploadId, principal) {
      if (!/^[0-9a-f]{32}$/.test(uploadId) || !existsSync(planPath(uploadId))) return null;
      const plan = JSON.parse(await readFile(planPath(uploadId), "utf8")) as UploadPlan;
      if (plan.principal !== principal) return null;
      return { ...plan, uploadId, offset: (await stat(dataPath(uploadId))).size };
    },
    async append(upload, offset, source) {
      const { uploadId } = upload;
      if (busy.has(uploadId)) throw new AppError("conflict", "Another part of this upload is under way");
      busy.add(uploadId);
      try {
        const handle = await open(dataPath(uploadId), "r+");
        try {
          return { ...upload, offset: await appendTo(handle, upload, { offset, source }) };
        } finally {
          await handle.close();
        }
      } finally {
        busy.delete(uploadId);
      }
    },
    async finish(upload) {
      const { uploadId, owner, sha256, sizeBytes } = upload;
      const path = dataPath(uploadId);
      const found = await hashFile(path, owner);
      if (found.sha256 !== sha256) {
        await remove(uploadId);
        throw new AppError("unprocessable", `The file that came has the SHA-256 ${found.sha256}, not ${sha256}`);
      }
      await rm(planPath(uploadId), { force: true });
      return { path, sha256, sizeBytes, owned: { owner, sha256: found.owned } };
    },
    discard: ({ uploadId }) => remove(uploadId),
  };
}

async function appendTo(
  handle: FileHandle,
  { sizeBytes }: Upload,
  { offset, source }: { offset: number; source: AsyncIterable<Uint8Array> },
): Promise<number> {
  const { size } = await handle.stat();
  if (size !== offset) throw new AppError("conflict", `The upload stands at ${size} bytes, not at ${offset}`);
  let at = size;
  for await (const chunk of source) {
    if (at + chunk.length > sizeBytes) {
      throw new AppError("too_large", `The upload has more than the ${sizeBytes} bytes that were told`);
    }
    try {
      for (let from = 0; from < chunk.length;) {
        from += (await handle.write(chunk, from, chunk.length - from, at + from)).bytesWritten;
      }
    } catch (error) {
      throw diskError(error, "The upload");
    }
    at += chunk.length;
  }
  return at;
}

async function hashFile(path: string, owner: ArtifactOwner): Promise<{ sha256: string; owned: string }> {
  const hash = new Bun.CryptoHasher("sha256");
  const owned = ownerHasher(owner);
  for await (const chunk of Bun.file(path).stream() as unknown as AsyncIterable<Uint8Array>) {
    hash.update(chunk);
    owned.update(chunk);
  }
  return { sha256: hash.digest("hex"), owned: owned.digest("hex") };
}

async function plansIn(folder: string): Promise<UploadPlan[]> {
  const names = await readdir(folder).catch(() => []);
  const texts = names
    .filter((name) => name.endsWith(".json"))
    .map((name) => readFile(join(folder, name), "utf8").catch(() => ""));
  return (await Promise.all(texts)).filter(Boolean).map((text) => JSON.parse(text) as UploadPlan);
}

async function removeOld(folder: string, beforeMs: number): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name);
    const facts = await stat(path).catch(() => null);
    // The bytes tell when somebody last went on; their description is as old as the upload.
    const last = name.endsWith(".json") ? await stat(path.replace(/json$/, "part")).catch(() => null) : facts;
    if ((last?.mtimeMs ?? 0) < beforeMs) await rm(path, { force: true });
  }
}
