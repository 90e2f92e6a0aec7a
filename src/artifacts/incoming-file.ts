import { type FileHandle, mkdir, open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { type ArtifactOwner, ownerHasher } from "#artifacts/artifact-owner.ts";
import { diskError } from "#artifacts/disk-error.ts";
import { AppError } from "#core/errors.ts";
import { newHexId } from "#core/ids.ts";

/** A file that came in whole, not yet an artifact. */
export interface ReceivedFile {
  path: string;
  sha256: string;
  sizeBytes: number;
  /** What its artifact's id is cut from, when the owner was known from the start. */
  owned: { owner: ArtifactOwner; sha256: string } | null;
}

export interface IncomingOptions {
  /** Where unfinished files lie. */
  folder: string;
  maxBytes: number;
  /** What the artifact will belong to, when it is known. */
  owner: ArtifactOwner | null;
}

/** Bytes on their way to the disk, hashed as they come. Ends with `finish` or `discard`; what is discarded leaves nothing. */
export class IncomingFile {
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #maxBytes: number;
  readonly #hash = new Bun.CryptoHasher("sha256");
  readonly #owned: { owner: ArtifactOwner; hash: Bun.CryptoHasher } | null;
  #bytes = 0;

  private constructor(path: string, handle: FileHandle, { maxBytes, owner }: IncomingOptions) {
    this.#path = path;
    this.#handle = handle;
    this.#maxBytes = maxBytes;
    this.#owned = owner && { owner, hash: ownerHasher(owner) };
  }

  static async create(options: IncomingOptions): Promise<IncomingFile> {
    const path = join(options.folder, `${newHexId()}.part`);
    try {
      await mkdir(options.folder, { recursive: true, mode: 0o700 });
      return new IncomingFile(path, await open(path, "wx", 0o600), options);
    } catch (error) {
      throw diskError(error, "The file");
    }
  }

  /** AppError `too_large`, or `storage` when the disk takes no more. */
  async write(chunk: Uint8Array): Promise<void> {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#maxBytes) throw attachmentTooLarge(this.#bytes, this.#maxBytes);
    this.#hash.update(chunk);
    this.#owned?.hash.update(chunk);
    try {
      for (let at = 0; at < chunk.length;) at += (await this.#handle.write(chunk, at)).bytesWritten;
    } catch (error) {
      throw diskError(error, "The file");
    }
  }

  async finish(): Promise<ReceivedFile> {
    await this.#handle.close();
    const owned = this.#owned;
    return {
      path: this.#path,
      sha256: this.#hash.digest("hex"),
      sizeBytes: this.#bytes,
      owned: owned && { owner: owned.owner, sha256: owned.hash.digest("hex") },
    };
  }

  async discard(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
    await rm(this.#path, { force: true });
  }
}

/** Takes everything that a source gives. Leaves nothing when the source fails or gives too much. */
export async function receive(source: AsyncIterable<Uint8Array>, options: IncomingOptions): Promise<ReceivedFile> {
  const file = await IncomingFile.create(options);
  try {
    for await (const chunk of source) await file.write(chunk);
    return await file.finish();
  } catch (error) {
    await file.discard();
    throw error;
  }
}

/** Removes what a gateway that was killed left of files that came in. One that is still written to is younger. */
export async function removeAbandoned(folder: string, beforeMs: number): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name);
    const facts = await stat(path).catch(() => null);
    if (facts && facts.mtimeMs < beforeMs) await rm(path, { force: true });
  }
}

export function attachmentTooLarge(bytes: number, maxBytes: number): AppError {
  return new AppError("too_large", `Attachment too large (${bytes} bytes > ${maxBytes} bytes)`);
}
