/** Content-addressed bytes. A blob is durable (fsync, rename) when `put` returns. Implemented by `artifacts/disk-blobs.ts`. */
export interface BlobStore {
  /** Answers the SHA-256 in hex. Storing the same bytes twice is one blob. AppError `storage` on a full or read-only disk. */
  put(bytes: Uint8Array): Promise<string>;
  /** Null when unknown. */
  get(blobId: string): Promise<Uint8Array | null>;
  /** A lazily read file of the blob for HTTP bodies, or null. */
  file(blobId: string): Promise<Blob | null>;
  delete(blobId: string): Promise<void>;
}
