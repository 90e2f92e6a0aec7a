import { timingSafeEqual } from "node:crypto";
import { type Principal, localAdmin } from "#auth/principal.ts";

/** The static bearer tokens of the gateway. Only their digests are kept. */
export interface TokenSet {
  /** False when nobody can authenticate at all. */
  readonly configured: boolean;
  /** Null for an unknown token. Compares with every digest, in a time that does not depend on where they differ. */
  verify(token: string): Principal | null;
}

export function createTokenSet(tokens: readonly string[]): TokenSet {
  const accepted = tokens
    .filter((token) => token !== "")
    .map((token) => ({ digest: digestOf(token), principal: localAdmin("legacy-token", fingerprint(token)) }));
  return {
    configured: accepted.length > 0,
    verify(token) {
      const digest = digestOf(token);
      let found: Principal | null = null;
      for (const entry of accepted) if (timingSafeEqual(entry.digest, digest)) found = entry.principal;
      return found;
    },
  };
}

/** What logs and clients may see of a credential: 12 hex digits of its SHA-256. */
export function fingerprint(token: string): string {
  return Bun.SHA256.hash(token, "hex").slice(0, 12);
}

function digestOf(token: string): Uint8Array {
  const digest = new Uint8Array(32);
  Bun.SHA256.hash(token, digest);
  return digest;
}
