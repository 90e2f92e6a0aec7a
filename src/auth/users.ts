import type { Database } from "bun:sqlite";
import { digestOf, newSecret } from "#auth/digest.ts";
import { checkedEmail, checkedName, checkedRoles, checkedToken } from "#auth/user-input.ts";
import { type Reservation, Reservations } from "#auth/reservations.ts";
import { rowScope } from "#auth/row-scope.ts";
import { AppError } from "#core/errors.ts";
import { newId } from "#core/ids.ts";
import { type Clock, isoTime } from "#core/time.ts";

/** A user without anything secret, as the API shows it (contract http-api 1.23). */
export interface User {
  user_id: string;
  tenant_id: string;
  email: string;
  roles: string[];
  scopes: string[];
  enabled: boolean;
  runtime_id: string;
  created_at: string;
  updated_at: string;
}

export interface UserName {
  tenantId: string;
  userId: string;
}

export interface NewUser extends UserName {
  email?: string;
  roles?: string[];
  scopes?: string[];
  enabled?: boolean;
  runtimeId?: string | null;
  token?: string | null;
}

export interface UserChange {
  email?: string;
  roles?: string[];
  scopes?: string[];
  enabled?: boolean;
  runtimeId?: string;
  token?: string;
  rotateToken?: boolean;
}

export interface UsersOptions {
  db: Database;
  adminUsesDefaultRuntime: boolean;
  now: Clock;
}

/** The register of users. A token is told once, when it is made. */
export class Users {
  readonly reservations: Reservations;
  #db: Database;
  #options: UsersOptions;

  constructor(options: UsersOptions) {
    this.#db = options.db;
    this.#options = options;
    this.reservations = new Reservations(options.db, options.now);
  }

  list(): User[] {
    const rows = this.#db.query("SELECT * FROM users ORDER BY tenant_id, user_id").all() as UserRow[];
    return rows.map(toUser);
  }

  get(name: UserName): User | null {
    const row = this.#row(name);
    return row && toUser(row);
  }

  hasAdmin(): boolean {
    const sql = `SELECT 1 FROM users WHERE enabled = 1 AND EXISTS (SELECT 1 FROM json_each(roles) WHERE value = 'admin')`;
    return this.#db.query(sql).get() !== null;
  }

  /** AppError `invalid_request` names what is wrong: a name, a user or runtime that is there already. */
  create(given: NewUser): { user: User; token: string } {
    const tenantId = checkedName(given.tenantId, "tenant_id");
    const userId = checkedName(given.userId, "user_id");
    const runtimeId = checkedName(given.runtimeId ?? userId, "runtime_id");
    const token = given.token ? checkedToken(given.token) : newSecret("agw_");
    const at = isoTime(this.#options.now());
    return this.#change(() => {
      if (this.#row({ tenantId, userId })) {
        throw new AppError("invalid_request", `User '${userId}' of tenant '${tenantId}' is there already`);
      }
      this.#db
        .query("INSERT INTO users VALUES(?,?,?,?,?,?,?,?,?,?)")
        .run(
          tenantId,
          userId,
          checkedEmail(given.email ?? ""),
          JSON.stringify(checkedRoles(given.roles ?? ["user"])),
          JSON.stringify(given.scopes ?? []),
          (given.enabled ?? true) ? 1 : 0,
          runtimeId,
          this.#freeScope(tenantId, runtimeId),
          at,
          at,
        );
      this.#setToken({ tenantId, userId }, token, at);
      return { user: this.#require({ tenantId, userId }), token };
    });
  }

  /** AppErrors `not_found`, `invalid_request`, `conflict` for the last administrator. A new token ends every session of the old one. */
  update(name: UserName, change: UserChange): { user: User; token?: string } {
    const token = change.token ? checkedToken(change.token) : change.rotateToken ? newSecret("agw_") : null;
    const at = isoTime(this.#options.now());
    return this.#change(() => {
      const before = this.#require(name);
      const next: User = {
        ...before,
        email: change.email === undefined ? before.email : checkedEmail(change.email),
        roles: change.roles ? checkedRoles(change.roles) : before.roles,
        scopes: change.scopes ?? before.scopes,
        enabled: change.enabled ?? before.enabled,
        updated_at: at,
      };
      this.#db
        .query("UPDATE users SET email=?, roles=?, scopes=?, enabled=?, updated_at=? WHERE tenant_id=? AND user_id=?")
        .run(
          next.email,
          JSON.stringify(next.roles),
          JSON.stringify(next.scopes),
          next.enabled ? 1 : 0,
          at,
          name.tenantId,
          name.userId,
        );
      this.#assertAdminLeft(before);
      if (!next.enabled) this.#endSessions(name);
      if (change.runtimeId !== undefined) this.#moveTo(name, checkedName(change.runtimeId, "runtime_id"), at);
      if (token !== null) this.#setToken(name, token, at);
      return { user: this.#require(name), ...(token === null ? {} : { token }) };
    });
  }

  /** Removes the user with every credential. Their runs stay, kept for an administrator to hand on or purge. */
  delete(name: UserName): void {
    this.#change(() => {
      const row = this.#row(name);
      if (!row) throw userNotFound();
      this.#db.query("DELETE FROM users WHERE tenant_id=? AND user_id=?").run(name.tenantId, name.userId);
      this.#assertAdminLeft(toUser(row));
      this.reservations.add(row, "deleted-user");
    });
  }

  /** Gives a runtime that nobody owns to a user; the one that the user had is kept. AppErrors `not_found`, `invalid_request`. */
  transfer(runtime: { tenantId: string; runtimeId: string }, userId: string) {
    return this.#change(() => {
      const reserved = this.reservations.require(runtime);
      const row = this.#row({ tenantId: runtime.tenantId, userId });
      if (!row) throw userNotFound();
      this.reservations.remove(runtime);
      const reservation: Reservation = this.reservations.add(row, "runtime-transferred");
      this.#db
        .query("UPDATE users SET runtime_id=?, row_scope=?, updated_at=? WHERE tenant_id=? AND user_id=?")
        .run(reserved.runtime_id, reserved.row_scope, isoTime(this.#options.now()), row.tenant_id, row.user_id);
      const user = this.#require({ tenantId: row.tenant_id, userId: row.user_id });
      return { user, reservation, previousRuntimeId: row.runtime_id };
    });
  }

  #moveTo(name: UserName, runtimeId: string, at: string): void {
    const row = this.#row(name);
    if (!row || row.runtime_id === runtimeId) return;
    const scope = this.#freeScope(name.tenantId, runtimeId);
    this.reservations.add(row, "runtime-reassigned");
    this.#db
      .query("UPDATE users SET runtime_id=?, row_scope=?, updated_at=? WHERE tenant_id=? AND user_id=?")
      .run(runtimeId, scope, at, name.tenantId, name.userId);
  }

  #freeScope(tenantId: string, runtimeId: string): string {
    const scope = rowScope(tenantId, runtimeId, this.#options.adminUsesDefaultRuntime);
    if (this.#db.query("SELECT 1 FROM users WHERE row_scope=?").get(scope)) {
      throw new AppError("invalid_request", `Runtime '${runtimeId}' belongs to another user`);
    }
    if (this.reservations.isReserved(scope)) {
      throw new AppError("invalid_request", `Runtime '${runtimeId}' is reserved: transfer or purge it first`);
    }
    return scope;
  }

  #setToken({ tenantId, userId }: UserName, token: string, at: string): void {
    const digest = digestOf(token);
    const known = this.#db.query("SELECT tenant_id, user_id, grants FROM tokens WHERE digest=?").get(digest);
    if (known && isPrimaryOf(known as TokenOwner, { tenantId, userId })) return;
    if (known) throw new AppError("invalid_request", "token is in use already");
    this.#db.query("DELETE FROM tokens WHERE tenant_id=? AND user_id=? AND grants IS NULL").run(tenantId, userId);
    this.#db
      .query("INSERT INTO tokens(digest, token_id, tenant_id, user_id, created_at) VALUES(?,?,?,?,?)")
      .run(digest, newId(), tenantId, userId, at);
  }

  #endSessions({ tenantId, userId }: UserName): void {
    const own = "SELECT digest FROM tokens WHERE tenant_id=? AND user_id=?";
    this.#db.query(`DELETE FROM sessions WHERE token_digest IN (${own})`).run(tenantId, userId);
  }

  /** Somebody must be left who can let others in. */
  #assertAdminLeft(before: User): void {
    if (!before.enabled || !before.roles.includes("admin") || this.hasAdmin()) return;
    throw new AppError("conflict", `'${before.user_id}' is the last administrator: make another one first`);
  }

  #require(name: UserName): User {
    const user = this.get(name);
    if (!user) throw userNotFound();
    return user;
  }

  #row({ tenantId, userId }: UserName): UserRow | null {
    return this.#db
      .query("SELECT * FROM users WHERE tenant_id=? AND user_id=?")
      .get(tenantId, userId) as UserRow | null;
  }

  #change<T>(work: () => T): T {
    return this.#db.transaction(work).immediate();
  }
}

interface TokenOwner {
  tenant_id: string;
  user_id: string;
  grants: string | null;
}

function isPrimaryOf({ tenant_id, user_id, grants }: TokenOwner, { tenantId, userId }: UserName): boolean {
  const isSame = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();
  return grants === null && isSame(tenant_id, tenantId) && isSame(user_id, userId);
}

export interface UserRow extends Omit<User, "roles" | "scopes" | "enabled"> {
  roles: string;
  scopes: string;
  enabled: number;
  row_scope: string;
}

function toUser({ row_scope: _, roles, scopes, enabled, ...row }: UserRow): User {
  const { user_id, tenant_id, email, runtime_id, created_at, updated_at } = row;
  const lists = { roles: JSON.parse(roles) as string[], scopes: JSON.parse(scopes) as string[] };
  return { user_id, tenant_id, email, ...lists, enabled: enabled === 1, runtime_id, created_at, updated_at };
}

function userNotFound(): AppError {
  return new AppError("not_found", "Gateway user not found");
}
