import { digestOf, fingerprint, isSameDigest } from "#auth/digest.ts";
import { type Principal, localAdmin } from "#auth/principal.ts";

/** The static bearer tokens of the gateway. Only their digests are kept. */
export interface TokenSet {
  /** False when nobody can authenticate at all. */
  readonly configured: boolean;
  /** Null for an unknown token. Compares with every digest, in a time that does not depend on where they differ. */
  verify(token: string): Principal | null;
}

export function createTokenSet(tokens: readonly string[], isOneOfMany = false): TokenSet {
  const accepted = tokens
    .filter((token) => token !== "")
    .map((token) => ({
      digest: digestOf(token),
      principal: localAdmin("legacy-token", { tokenFingerprint: fingerprint(token), isOneOfMany }),
    }));
  return {
    configured: accepted.length > 0,
    verify(token) {
      const digest = digestOf(token);
      let found: Principal | null = null;
      for (const entry of accepted) if (isSameDigest(entry.digest, digest)) found = entry.principal;
      return found;
    },
  };
}
