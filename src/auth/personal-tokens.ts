import type { Database } from "bun:sqlite";
import { digestOf, newSecret } from "#auth/digest.ts";
import { tokenScopes } from "#core/token-scopes.ts";
import type { UserName } from "#auth/users.ts";
import { AppError } from "#core/errors.ts";
import { newId } from "#core/ids.ts";
import { type Clock, isoTime } from "#core/time.ts";

/** A token that its user made for a program: it does what its scopes say, in the user's runtime, until it expires. */
export interface PersonalToken {
  token_id: string;
  name: string;
  scopes: string[];
  fingerprint: string;
  created_at: string;
  expires_at: string;
  last_used_at: string | null;
}

export interface PersonalTokens {
  list(user: UserName): PersonalToken[];
  /** AppError `invalid_request` for a scope that there is not, `forbidden` for one that the user has not, `conflict` for too many. */
  create(
    user: UserName,
    wanted: { name: string; scopes: string[]; ttlS: number; isAdmin: boolean },
  ): { token: string; record: PersonalToken };
  /** False when there was none. */
  delete(user: UserName, tokenId: string): boolean;
}

const maxTokens = 100;

interface Row {
  digest: string;
  token_id: string;
  name: string;
  grants: string;
  created_at: string;
  expires_ms: number;
  used_ms: number | null;
}

export function createPersonalTokens(db: Database, now: Clock): PersonalTokens {
  const own = "tenant_id=? AND user_id=? AND grants IS NOT NULL";
  const list = ({ tenantId, userId }: UserName) =>
    (db.query(`SELECT * FROM tokens WHERE ${own} ORDER BY created_at, token_id`).all(tenantId, userId) as Row[]).map(
      toRecord,
    );
  return {
    list,
    create(user, { name, scopes, ttlS, isAdmin }) {
      assertScopes(scopes, isAdmin);
      const token = newSecret("agwp_");
      const row: Row = {
        digest: digestOf(token),
        token_id: newId(),
        name,
        grants: JSON.stringify([...new Set(scopes)]),
        created_at: isoTime(now()),
        expires_ms: now() + ttlS * 1000,
        used_ms: null,
      };
      db.transaction(() => {
        if (list(user).length >= maxTokens) {
          throw new AppError("conflict", `A user has at most ${maxTokens} tokens: remove one first`);
        }
        db.query(
          `INSERT INTO tokens(digest, token_id, tenant_id, user_id, name, grants, created_at, expires_ms)
           VALUES(?,?,?,?,?,?,?,?)`,
        ).run(
          row.digest,
          row.token_id,
          user.tenantId,
          user.userId,
          row.name,
          row.grants,
          row.created_at,
          row.expires_ms,
        );
      }).immediate();
      return { token, record: toRecord(row) };
    },
    delete: ({ tenantId, userId }, tokenId) =>
      db.query(`DELETE FROM tokens WHERE ${own} AND token_id=?`).run(tenantId, userId, tokenId).changes > 0,
  };
}

function assertScopes(scopes: string[], isAdmin: boolean): void {
  if (scopes.length === 0)
    throw new AppError("invalid_request", `scopes is empty (there are: ${tokenScopes.join(", ")})`);
  const unknown = scopes.find((scope) => !tokenScopes.includes(scope));
  if (unknown !== undefined) {
    const known = tokenScopes.join(", ");
    throw new AppError("invalid_request", `scopes: '${unknown.slice(0, 80)}' is not one of ${known}`);
  }
  if (scopes.includes("admin") && !isAdmin) {
    throw new AppError("forbidden", "Only an administrator makes tokens with the scope 'admin'");
  }
}

function toRecord({ digest, token_id, name, grants, created_at, expires_ms, used_ms }: Row): PersonalToken {
  return {
    token_id,
    name,
    scopes: JSON.parse(grants) as string[],
    fingerprint: digest.slice(0, 12),
    created_at,
    expires_at: isoTime(expires_ms),
    last_used_at: used_ms === null ? null : isoTime(used_ms),
  };
}
