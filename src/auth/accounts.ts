import { openAccountDatabase } from "#auth/account-database.ts";
import { type Credentials, createCredentials } from "#auth/credentials.ts";
import { type PersonalTokens, createPersonalTokens } from "#auth/personal-tokens.ts";
import { type SessionRules, type Sessions, createSessions } from "#auth/sessions.ts";
import { Users } from "#auth/users.ts";
import type { Clock } from "#core/time.ts";

/** Everything about the people of a gateway with several users. */
export interface Accounts {
  users: Users;
  credentials: Credentials;
  sessions: Sessions;
  tokens: PersonalTokens;
  close(): void;
}

export interface AccountsOptions {
  file: string;
  adminUsesDefaultRuntime: boolean;
  session: SessionRules;
  now: Clock;
}

/** AppError `storage` when the file cannot be used. */
export function openAccounts({ file, adminUsesDefaultRuntime, session, now }: AccountsOptions): Accounts {
  const db = openAccountDatabase(file);
  const credentials = createCredentials(db, now);
  return {
    users: new Users({ db, adminUsesDefaultRuntime, now }),
    credentials,
    sessions: createSessions({ db, credentials, rules: session, now }),
    tokens: createPersonalTokens(db, now),
    close: () => db.close(true),
  };
}
