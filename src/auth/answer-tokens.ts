import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { Clock } from "#core/time.ts";

/** The one wait that a token answers, and for whom. */
export interface AnswerClaim {
  runId: string;
  waitKey: string;
  /** Length of the ledger when the wait began: the same question of a later turn is another wait. */
  headSeq: number;
  tenantId: string;
  userId: string;
  runtimeId: string | null;
  expiresMs: number;
}

export interface AnswerTokens {
  make(claim: AnswerClaim): string;
  /** Null for anything that was not made here. A token of the past is `expired`. */
  read(token: string): { claim: AnswerClaim; isExpired: boolean } | null;
  /** Id of the command that the token's answer is: the same for every use, so that it is applied once. */
  commandId(token: string): string;
}

const macBytes = 32;
const maxTokenChars = 2000;

/**
 * Tokens that say themselves what they are for, signed with HMAC-SHA256: nothing is kept that could be stolen, and they outlive a restart.
 * `key`: any text that is hard to guess.
 */
export function createAnswerTokens({ key, now }: { key: () => string; now: Clock }): AnswerTokens {
  const sign = (body: Uint8Array) => {
    const derived = createHash("sha256").update("abstractgateway answer links\n").update(key()).digest();
    return createHmac("sha256", derived).update(body).digest();
  };
  return {
    make({ runId, waitKey, headSeq, tenantId, userId, runtimeId, expiresMs }) {
      const body = Buffer.from(JSON.stringify([runId, waitKey, headSeq, tenantId, userId, runtimeId, expiresMs]));
      return Buffer.concat([sign(body), body]).toString("base64url");
    },
    read(token) {
      if (token.length > maxTokenChars || !/^[A-Za-z0-9_-]+$/.test(token)) return null;
      const bytes = Buffer.from(token, "base64url");
      const body = bytes.subarray(macBytes);
      if (body.length === 0 || bytes.toString("base64url") !== token) return null;
      if (!timingSafeEqual(bytes.subarray(0, macBytes), sign(body))) return null;
      const claim = claimOf(JSON.parse(body.toString("utf8")) as ClaimFields);
      return { claim, isExpired: now() >= claim.expiresMs };
    },
    commandId: (token) => `link:${Bun.SHA256.hash(token, "hex")}`,
  };
}

type ClaimFields = [string, string, number, string, string, string | null, number];

function claimOf([runId, waitKey, headSeq, tenantId, userId, runtimeId, expiresMs]: ClaimFields): AnswerClaim {
  return { runId, waitKey, headSeq, tenantId, userId, runtimeId, expiresMs };
}
