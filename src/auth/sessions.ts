import type { Database } from "bun:sqlite";
import { digestOf, newSecret } from "#auth/digest.ts";
import type { Credentials } from "#auth/credentials.ts";
import type { Credential, Principal } from "#auth/principal.ts";
import { AppError } from "#core/errors.ts";
import type { Clock } from "#core/time.ts";

export interface SessionRules {
  /** Ends so long after the sign-in, and so long after its last request. */
  ttlS: number;
  idleS: number;
  rememberTtlS: number;
  rememberIdleS: number;
  max: number;
}

export interface SignIn {
  userId: string;
  token: string;
  remember: boolean;
  /** Value of a session that the same browser has: it ends with this sign-in. */
  previous: string | null;
}

/** A new session. Both secrets are told once, to the browser. */
export interface NewSession {
  value: string;
  csrf: string;
  principal: Principal;
  expiresMs: number;
  ttlS: number;
}

export interface Sessions {
  /** AppError `unauthorized`. The value is always a new one: nobody can make a browser use a session that they know. */
  open(signIn: SignIn): NewSession;
  /** False when there was none. */
  close(credential: Credential | null): boolean;
}

export interface SessionsOptions {
  db: Database;
  credentials: Credentials;
  rules: SessionRules;
  now: Clock;
}

export function createSessions({ db, credentials, rules, now }: SessionsOptions): Sessions {
  return {
    open({ userId, token, remember, previous }) {
      const principal = holderOf(credentials, token, userId);
      const value = newSecret("agws_");
      const csrf = newSecret("agcsrf_");
      const at = now();
      const ttlS = remember ? rules.rememberTtlS : rules.ttlS;
      const idleS = Math.min(ttlS, remember ? rules.rememberIdleS : rules.idleS);
      const expiresMs = at + ttlS * 1000;
      db.transaction(() => {
        if (previous !== null) db.query("DELETE FROM sessions WHERE digest=?").run(digestOf(previous));
        db.query("DELETE FROM sessions WHERE expires_ms <= ?1 OR seen_ms + idle_ms <= ?1").run(at);
        db.query("INSERT INTO sessions VALUES(?,?,?,?,?,?,?)").run(
          digestOf(value),
          digestOf(csrf),
          digestOf(token),
          at,
          at,
          idleS * 1000,
          expiresMs,
        );
        const newest = "SELECT digest FROM sessions ORDER BY created_ms DESC LIMIT ?";
        db.query(`DELETE FROM sessions WHERE digest NOT IN (${newest})`).run(rules.max);
      }).immediate();
      return { value, csrf, principal, expiresMs, ttlS };
    },
    close(credential) {
      if (credential?.kind !== "session") return false;
      return db.query("DELETE FROM sessions WHERE digest=?").run(credential.digest).changes > 0;
    },
  };
}

/** Personal tokens do less than their user, and a session would do more. */
function holderOf(credentials: Credentials, token: string, userId: string): Principal {
  const principal = credentials.token(token);
  if (!principal || principal.grants !== null) throw new AppError("unauthorized", "Invalid Gateway user token");
  if (principal.user_id.toLowerCase() === userId.toLowerCase()) return principal;
  const message = `Gateway token resolved to user '${principal.user_id}', not '${userId.slice(0, 80)}'.`;
  throw new AppError("unauthorized", message);
}
