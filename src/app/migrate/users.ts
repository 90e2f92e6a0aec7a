import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { MigrateOptions } from "#app/migrate/options.ts";
import { openAccountDatabase } from "#auth/account-database.ts";
import { Users } from "#auth/users.ts";
import { messageOf } from "#core/errors.ts";
import { parseJson } from "#core/json.ts";
import { systemClock } from "#core/time.ts";
import { isObject } from "#core/value.ts";
import type { Warnings } from "#migrate/warnings.ts";

/** A user of the Python gateway (contract http-api 4.1). */
export interface PythonUser {
  userId: string;
  tenantId: string;
  runtimeId: string;
  email: string;
  roles: string[];
  scopes: string[];
  enabled: boolean;
}

/** `auth/users.json`; none when the gateway had one user. A file that cannot be read is a warning. */
export async function readPythonUsers(dataDir: string, warnings: Warnings): Promise<PythonUser[]> {
  const path = join(dataDir, "auth", "users.json");
  if (!existsSync(path)) return [];
  try {
    const value = parseJson(await readFile(path, "utf8"));
    const list = isObject(value) && Array.isArray(value["users"]) ? value["users"].filter(isObject) : [];
    return list.flatMap((user) => {
      const text = (name: string) => (typeof user[name] === "string" ? user[name] : "");
      const texts = (name: string) => [user[name]].flat().filter((each) => typeof each === "string");
      const userId = text("user_id");
      if (userId === "") return [];
      const names = { userId, tenantId: text("tenant_id") || "default", runtimeId: text("runtime_id") || userId };
      const enabled = user["enabled"] !== false;
      return [{ ...names, email: text("email"), roles: texts("roles"), scopes: texts("scopes"), enabled }];
    });
  } catch (error) {
    warnings.add("left", `auth/users.json cannot be read: ${messageOf(error)}`);
    return [];
  }
}

/**
 * Makes the users that are not there yet, each with a token that nobody knows: the old ones are kept as hashes of another kind. The first
 * administrator is left to `config bootstrap-admin`. Answers how many came.
 */
export function copyUsers(users: PythonUser[], { accounts }: MigrateOptions, warnings: Warnings): number {
  const others = users.filter((user) => !isFirstAdmin(user));
  if (others.length === 0) return 0;
  const db = openAccountDatabase(accounts.file);
  let count = 0;
  try {
    const register = new Users({ db, adminUsesDefaultRuntime: accounts.adminUsesDefaultRuntime, now: systemClock });
    for (const user of others) {
      try {
        if (!register.get(user)) register.create(user);
        count += 1;
      } catch (error) {
        warnings.add("left", `The user ${user.tenantId}/${user.userId}: ${messageOf(error)}`);
      }
    }
  } finally {
    db.close(true);
  }
  return count;
}

/** Whose runs are those of the gateway itself. */
export function isFirstAdmin({ tenantId, userId }: PythonUser): boolean {
  return tenantId === "default" && userId === "admin";
}
