import { rm } from "node:fs/promises";
import type { BlobStore } from "#artifacts/blob-store.ts";
import { AppError, messageOf } from "#core/errors.ts";

export interface S3Options {
  bucket: string;
  /** Address of a server that is not Amazon's. */
  endpoint: string | null;
  region: string | null;
  accessKeyId: string;
  secretAccessKey: string;
  /** Put before every key; empty or with a slash at its end. */
  prefix: string;
}

const blobName = /^[0-9a-f]{64}$/;
/** Larger files go in parts of this size: S3 takes 10,000 of them. */
const partBytes = 16 * 1024 * 1024;
const partsAtOnce = 3;

/** Blobs as objects `<prefix><first two digits>/<sha256>` of an S3 bucket. An object is there whole or not at all. */
export function createS3Blobs({ prefix, endpoint, region, ...options }: S3Options): BlobStore {
  const client = new Bun.S3Client({
    ...options,
    ...(endpoint === null ? {} : { endpoint }),
    ...(region === null ? {} : { region }),
  });
  const fileOf = (blobId: string) => client.file(`${prefix}${blobId.slice(0, 2)}/${blobId}`);
  const isStored = (blobId: string) => fileOf(blobId).exists();
  return {
    async put(bytes) {
      const blobId = Bun.SHA256.hash(bytes, "hex");
      await talking("stored", async () => {
        if (!(await isStored(blobId))) await fileOf(blobId).write(bytes);
      });
      return blobId;
    },
    async adopt(path, blobId) {
      try {
        await talking("stored", async () => {
          if (!(await isStored(blobId))) await send(Bun.file(path), fileOf(blobId));
        });
      } finally {
        await rm(path, { force: true });
      }
    },
    get: (blobId) => known(blobId, () => fileOf(blobId).bytes()),
    open: (blobId) =>
      known(blobId, async () => {
        const file = fileOf(blobId);
        const { size } = await file.stat();
        // As a stream: a response that is given the object itself would send the client to the bucket.
        const body = (range?: { start: number; end: number }) =>
          range ? file.slice(range.start, range.end + 1).stream() : file.stream();
        return { size, body };
      }),
    async delete(blobId) {
      await known(blobId, () => fileOf(blobId).delete());
    },
  };
}

/** In parts, and no faster than the bucket takes them. */
async function send(from: Bun.BunFile, to: Bun.S3File): Promise<void> {
  if (from.size <= partBytes) {
    await to.write(await from.bytes());
    return;
  }
  const writer = to.writer({ partSize: partBytes, queueSize: partsAtOnce, retry: 3 });
  try {
    for await (const chunk of from.stream() as unknown as AsyncIterable<Uint8Array>) {
      await writer.write(chunk);
      await writer.flush();
    }
    await writer.end();
  } catch (error) {
    await Promise.resolve(writer.end(error instanceof Error ? error : new Error(String(error)))).catch(() => undefined);
    throw error;
  }
}

/** Null for an id that is none, and for an object that is not there. */
async function known<T>(blobId: string, work: () => Promise<T>): Promise<T | null> {
  if (!blobName.test(blobId)) return null;
  return talking("read", async () => {
    try {
      return await work();
    } catch (error) {
      if (codeOf(error) === "NoSuchKey") return null;
      throw error;
    }
  });
}

async function talking<T>(done: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = codeOf(error);
    const reason = code === "" ? messageOf(error) : `${messageOf(error)} (${code})`;
    throw new AppError("storage", `The artifact was not ${done}: the S3 bucket answered: ${reason}`, {
      cause: error,
      retryable: true,
    });
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}
