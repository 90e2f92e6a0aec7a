/** A small JSON document that lasts. Another process may change it. */
export interface StoredJson {
  /** What is there now; null when there is nothing. AppError `storage` when it cannot be read or is no JSON. */
  read(): unknown;
  /** All or nothing; durable when it resolves. */
  write(value: unknown): Promise<void>;
}
