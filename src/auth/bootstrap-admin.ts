import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { chmodSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { User, Users } from "#auth/users.ts";
import { AppError, messageOf } from "#core/errors.ts";

export interface BootstrapOptions {
  tenantId: string;
  userId: string;
  runtimeId?: string;
  email?: string;
  /** Given by the operator; null: the file's, or a new one. */
  token: string | null;
  /** Null: the token is in no file. */
  tokenFile: string | null;
  rotateToken: boolean;
}

/** The reply of `config bootstrap-admin` (contract http-api 3.7). */
export interface Bootstrapped {
  ok: true;
  changed: boolean;
  user: User;
  token_file: string | null;
  token_available: boolean;
  token_source: "env" | "token-file" | "generated" | "none";
  token?: string;
}

/** Makes the first administrator, or gives a known one the token that is asked for. Doing it again changes nothing. */
export function bootstrapAdmin(users: Users, options: BootstrapOptions): Bootstrapped {
  const { tenantId, userId, tokenFile } = options;
  const name = { tenantId, userId };
  const known = users.get(name);
  const kept = tokenFile === null ? null : readToken(tokenFile);
  const wanted = options.token ?? (options.rotateToken ? null : kept);
  const source = options.token !== null ? "env" : wanted !== null ? "token-file" : "generated";
  const email = options.email === undefined ? {} : { email: options.email };
  const runtime = options.runtimeId === undefined ? {} : { runtimeId: options.runtimeId };
  if (known && options.token === null && !options.rotateToken) {
    const changes = { ...email, ...runtime, ...promoted(known) };
    const changed = Object.keys(changes).length > 0;
    const user = changed ? users.update(name, changes).user : known;
    return { ok: true, changed, user, ...told(tokenFile, kept, kept === null ? "none" : "token-file") };
  }
  const made = known
    ? users.update(name, {
        ...email,
        ...runtime,
        ...promoted(known),
        ...(wanted ? { token: wanted } : { rotateToken: true }),
      })
    : users.create({ ...name, roles: ["admin", "user"], token: wanted, ...email, ...runtime });
  const token = made.token ?? wanted;
  if (tokenFile !== null && token && token !== kept) writeToken(tokenFile, token);
  return { ok: true, changed: true, user: made.user, ...told(tokenFile, token, source) };
}

function promoted({ roles, enabled }: User) {
  const missing = roles.includes("admin") ? {} : { roles: ["admin", ...roles] };
  return enabled ? missing : { ...missing, enabled: true };
}

function told(tokenFile: string | null, token: string | null | undefined, source: Bootstrapped["token_source"]) {
  return {
    token_file: tokenFile,
    token_available: typeof token === "string",
    token_source: source,
    ...(typeof token === "string" ? { token } : {}),
  };
}

function readToken(path: string): string | null {
  if (!existsSync(path)) return null;
  try {
    return readFileSync(path, "utf8").trim() || null;
  } catch (cause) {
    throw new AppError("storage", `The token file ${path} cannot be read: ${messageOf(cause)}`, { cause });
  }
}

/** Whole or not at all, and never readable by others. */
function writeToken(path: string, token: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const next = `${path}.tmp`;
    writeFileSync(next, `${token}\n`, { mode: 0o600 });
    chmodSync(next, 0o600);
    renameSync(next, path);
  } catch (cause) {
    throw new AppError("storage", `The token file ${path} cannot be written: ${messageOf(cause)}`, { cause });
  }
}
