import { randomBytes, timingSafeEqual } from "node:crypto";

/**
 * SHA-256 in hex. Enough for what the gateway makes itself, 32 random bytes: nothing can be guessed from the digest, and it is found by an
 * index at the same cost for one user and for ten thousand. Tokens that people choose must be long (`user-input.ts`).
 */
export function digestOf(secret: string): string {
  return Bun.SHA256.hash(secret, "hex");
}

/** What logs and clients may see of a credential: 12 hex digits of its SHA-256. */
export function fingerprint(token: string): string {
  return digestOf(token).slice(0, 12);
}

export function newSecret(prefix: string): string {
  return prefix + randomBytes(32).toString("base64url");
}

/** Compares in a time that does not depend on where the texts differ. */
export function isSameDigest(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
