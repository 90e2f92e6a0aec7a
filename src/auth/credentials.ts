import type { Database } from "bun:sqlite";
import { digestOf } from "#auth/digest.ts";
import type { Credential, Principal } from "#auth/principal.ts";
import type { Clock } from "#core/time.ts";

/** Who a credential belongs to. One indexed look each, whatever the number of users. */
export interface Credentials {
  token(token: string): Principal | null;
  session(value: string): { principal: Principal; csrfDigest: string } | null;
  /** Whether somebody who came in with it would be let in now: for streams that last. */
  isValid(credential: Credential): boolean;
}

/** The time of the last use is written down at most this often: reading must not cost a write. */
const seenEveryMs = 60_000;

interface Holder {
  digest: string;
  grants: string | null;
  used_ms: number | null;
  user_id: string;
  tenant_id: string;
  roles: string;
  scopes: string;
  runtime_id: string;
  row_scope: string;
}

interface HeldSession extends Holder {
  csrf_digest: string;
  seen_ms: number;
}

const holderColumns = `t.digest, t.grants, t.used_ms, u.user_id, u.tenant_id, u.roles, u.scopes, u.runtime_id, u.row_scope`;
const isUsable = "u.enabled = 1 AND (t.expires_ms IS NULL OR t.expires_ms > ?2)";
const joinUser = "JOIN users u ON u.tenant_id = t.tenant_id AND u.user_id = t.user_id";

export function createCredentials(db: Database, now: Clock): Credentials {
  const findToken = db.query(`SELECT ${holderColumns} FROM tokens t ${joinUser} WHERE t.digest = ?1 AND ${isUsable}`);
  const findSession = db.query(
    `SELECT ${holderColumns}, s.csrf_digest, s.seen_ms FROM sessions s JOIN tokens t ON t.digest = s.token_digest ${joinUser}
     WHERE s.digest = ?1 AND s.expires_ms > ?2 AND s.seen_ms + s.idle_ms > ?2 AND ${isUsable}`,
  );
  const sessionOf = (digest: string) => findSession.get(digest, now()) as HeldSession | null;
  const tokenOf = (digest: string) => findToken.get(digest, now()) as Holder | null;
  const note = (sql: string, digest: string) => {
    try {
      db.query(sql).run(now(), digest);
    } catch {
      // On a full disk people still get in; a session only ends earlier.
    }
  };
  return {
    token(token) {
      const found = tokenOf(digestOf(token));
      if (!found) return null;
      if (found.grants !== null && (found.used_ms ?? 0) + seenEveryMs < now()) {
        note("UPDATE tokens SET used_ms=? WHERE digest=?", found.digest);
      }
      return principalOf(found, { kind: "token", digest: found.digest });
    },
    session(value) {
      const digest = digestOf(value);
      const found = sessionOf(digest);
      if (!found) return null;
      if (found.seen_ms + seenEveryMs < now()) note("UPDATE sessions SET seen_ms=? WHERE digest=?", digest);
      return { principal: principalOf(found, { kind: "session", digest }), csrfDigest: found.csrf_digest };
    },
    isValid: ({ kind, digest }) => (kind === "token" ? tokenOf(digest) : sessionOf(digest)) !== null,
  };
}

/** A personal token has the administrator's role only when it was made for that. */
function principalOf(holder: Holder, credential: Credential): Principal {
  const grants = holder.grants === null ? null : (JSON.parse(holder.grants) as string[]);
  const roles = JSON.parse(holder.roles) as string[];
  return {
    user_id: holder.user_id,
    tenant_id: holder.tenant_id,
    roles: grants === null || grants.includes("admin") ? roles : roles.filter((role) => role !== "admin"),
    scopes: grants ?? (JSON.parse(holder.scopes) as string[]),
    token_fingerprint: holder.digest.slice(0, 12),
    runtime_id: holder.runtime_id,
    source: "user-registry",
    scope: { runtimeId: holder.row_scope },
    grants,
    credential,
  };
}
