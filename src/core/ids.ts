/** Ids come in as an argument where a test must own them. */
export type NewId = () => string;

/** A random uuid4 with dashes, the form of run and step ids. */
export const newId: NewId = () => crypto.randomUUID();

/** 32 hex characters without dashes: command and request ids that the server makes. */
export function newHexId(): string {
  return crypto.randomUUID().replaceAll("-", "");
}

/** Replaces every run of characters outside `[A-Za-z0-9_-]` by `_`: derived workflow ids (contract 1.7). */
export function sanitizeId(text: string): string {
  return text.replace(/[^A-Za-z0-9_-]+/g, "_");
}
