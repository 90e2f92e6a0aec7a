import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { AppError } from "#core/errors.ts";
import type { VariableReader } from "#config/reader.ts";
import type { UserSettings } from "#config/settings.ts";
import type { Variable } from "#config/variable.ts";
import { users } from "#config/variables/users.ts";

export function userSettings(read: VariableReader, { cwd, dataDir }: { cwd: string; dataDir: string }): UserSettings {
  const path = (variable: Variable<string | null>, name: string) => {
    const given = read.get(variable);
    return given === null ? join(dataDir, "auth", name) : resolve(cwd, given);
  };
  const file = path(users.usersFile, "users.sqlite3");
  return {
    enabled: isEnabled(read, file),
    file,
    adminUsesDefaultRuntime: read.get(users.adminUsesDefaultRuntime),
    mayExecute: read.get(users.mayExecute),
    session: {
      ttlS: read.get(users.sessionTtlS),
      idleS: read.get(users.sessionIdleS),
      rememberTtlS: read.get(users.rememberTtlS),
      rememberIdleS: read.get(users.rememberIdleS),
      max: read.get(users.maxSessions),
      cookie: nameOf(read, users.sessionCookie),
      csrfCookie: nameOf(read, users.csrfCookie),
      header: nameOf(read, users.sessionHeader).toLowerCase(),
      csrfHeader: nameOf(read, users.csrfHeader).toLowerCase(),
    },
    bootstrap: {
      enabled: read.get(users.bootstrapAdmin),
      token: read.get(users.bootstrapToken),
      tokenFile: path(users.bootstrapTokenFile, "bootstrap-admin-token"),
      printsToken: read.get(users.bootstrapPrintsToken),
    },
  };
}

/** The first of the three that is set decides (contract http-api 2.5). */
function isEnabled(read: VariableReader, file: string): boolean {
  const said = read.get(users.userAuth);
  if (said !== null) return said;
  const mode = read.get(users.authMode);
  return mode === "" ? read.get(users.userAuthAuto) && existsSync(file) : mode === "users";
}

function nameOf(read: VariableReader, variable: Variable<string | null>): string {
  const name = read.get(variable) ?? variable.shown.preset;
  if (/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/.test(name)) return name;
  throw new AppError("invalid_request", `${variable.names[0]} must be the name of a cookie or header, not '${name}'`);
}
