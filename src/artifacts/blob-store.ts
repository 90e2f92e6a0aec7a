/**
 * Content-addressed bytes: a blob's id is the SHA-256 of its bytes. It is durable when `put` or `adopt` returns; storing the same bytes
 * twice is one blob. Implemented by `disk-blobs.ts` and `s3-blobs.ts`. Trouble of the disk or the server is an AppError `storage`.
 */
export interface BlobStore {
  /** Answers the id. */
  put(bytes: Uint8Array): Promise<string>;
  /** Takes over a complete file whose SHA-256 is known. The file is gone when this returns, and when it throws. */
  adopt(path: string, blobId: string): Promise<void>;
  /** Null when unknown. */
  get(blobId: string): Promise<Uint8Array | null>;
  /** For reading a part at a time, or null when unknown. */
  open(blobId: string): Promise<StoredBlob | null>;
  delete(blobId: string): Promise<void>;
}

export interface StoredBlob {
  size: number;
  /** The bytes as they are read, or those of a range, both ends included. A body of a response is one of these two. */
  body(range?: { start: number; end: number }): Blob | ReadableStream<Uint8Array>;
}

/** The bytes of a blob in pieces. */
export async function* chunksOf(blob: StoredBlob): AsyncGenerator<Uint8Array> {
  const body = blob.body();
  const stream = body instanceof Blob ? body.stream() : body;
  for await (const chunk of stream as unknown as AsyncIterable<Uint8Array>) yield chunk;
}
