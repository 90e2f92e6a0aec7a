import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Accounts, openAccounts } from "#auth/accounts.ts";
import { bootstrapAdmin } from "#auth/bootstrap-admin.ts";
import { AppError } from "#core/errors.ts";

let folder: string;
let accounts: Accounts;
const clock = { ms: Date.UTC(2026, 10, 23) };
const rules = { ttlS: 3600, idleS: 600, rememberTtlS: 86_400, rememberIdleS: 7200, max: 3 };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "users-test-"));
  clock.ms = Date.UTC(2026, 10, 23);
  accounts = open();
});

afterEach(() => {
  accounts.close();
  rmSync(folder, { recursive: true, force: true });
});

function open(): Accounts {
  const file = join(folder, "users.sqlite3");
  return openAccounts({ file, adminUsesDefaultRuntime: true, session: rules, now: () => clock.ms });
}

const named = (userId: string) => ({ tenantId: "default", userId });

function make(userId: string, more: object = {}) {
  return accounts.users.create({ ...named(userId), ...more });
}

/** The code and words of what a call throws. */
function refusal(call: () => unknown): { code: string; message: string } {
  try {
    call();
  } catch (error) {
    if (error instanceof AppError) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("users", () => {
  test("a token lets in its user, in the user's own runtime, and no secret is in any file", () => {
    const { user, token } = make("ada", { email: "ada@example.org", roles: ["user"] });
    const session = accounts.sessions.open({ userId: "ada", token, remember: false, previous: null });
    const personal = accounts.tokens.create(named("ada"), {
      name: "n",
      scopes: ["runs:read"],
      ttlS: 60,
      isAdmin: false,
    });
    expect(token).toMatch(/^agw_[\w-]{43}$/);
    expect(user).toMatchObject({ user_id: "ada", runtime_id: "ada", enabled: true });
    expect(accounts.credentials.token(token)).toMatchObject({
      user_id: "ada",
      source: "user-registry",
      scope: { runtimeId: "default/ada" },
      grants: null,
    });
    accounts.close();
    for (const name of readdirSync(folder)) {
      expect(statSync(join(folder, name)).mode & 0o077).toBe(0);
      const text = readFileSync(join(folder, name), "latin1");
      for (const secret of [token, session.value, session.csrf, personal.token]) expect(text).not.toContain(secret);
    }
    accounts = open();
    expect(accounts.credentials.token(token)?.user_id).toBe("ada");
  });

  test("another process that has the file open sees a new user at once", () => {
    const other = open();
    const { token } = make("ada");
    expect(other.credentials.token(token)?.user_id).toBe("ada");
    other.users.update(named("ada"), { enabled: false });
    expect(accounts.credentials.token(token)).toBeNull();
    other.close();
  });

  test("finding a user by token or session reads by index only, however many there are", () => {
    const db = new Database(join(folder, "users.sqlite3"));
    const plans = ["token", "session"].map((kind) => {
      const sql =
        kind === "token"
          ? "SELECT * FROM tokens t JOIN users u ON u.tenant_id=t.tenant_id AND u.user_id=t.user_id WHERE t.digest=?"
          : `SELECT * FROM sessions s JOIN tokens t ON t.digest=s.token_digest
             JOIN users u ON u.tenant_id=t.tenant_id AND u.user_id=t.user_id WHERE s.digest=?`;
      return db.query(`EXPLAIN QUERY PLAN ${sql}`).all("x") as { detail: string }[];
    });
    db.close();
    expect(plans.flat().filter(({ detail }) => !detail.startsWith("SEARCH"))).toEqual([]);
  });

  test.each([
    ["a name with a slash", { userId: "a/b" }, /user_id/],
    ["a name that goes up", { userId: ".." }, /user_id/],
    ["a runtime that goes up", { runtimeId: "../x" }, /runtime_id/],
    ["a tenant with a slash", { tenantId: "a/b" }, /tenant_id/],
    ["an unknown role", { roles: ["root"] }, /'root' is not one of/],
    ["no role", { roles: [] }, /roles is empty/],
    ["an address that is none", { email: "ada" }, /email/],
    ["a token that could be guessed", { token: "hunter2" }, /20 to 512/],
  ])("refuses %s", (_, more, words) => {
    expect(refusal(() => accounts.users.create({ ...named("ada"), ...more }))).toMatchObject({
      code: "invalid_request",
      message: expect.stringMatching(words),
    });
    expect(accounts.users.list()).toEqual([]);
  });

  test("names and runtimes are taken once, in whatever case", () => {
    make("ada");
    expect(refusal(() => make("ADA")).message).toContain("is there already");
    expect(refusal(() => make("bob", { runtimeId: "Ada" })).message).toContain("belongs to another user");
    const { user } = accounts.users.create({ tenantId: "other", userId: "ada" });
    expect(user.tenant_id).toBe("other");
  });

  test("the administrator's runtime is the gateway's own, and nobody else gets it under its other name", () => {
    const { token } = make("admin", { roles: ["admin"] });
    expect(accounts.credentials.token(token)?.scope).toEqual({ runtimeId: "default" });
    expect(refusal(() => make("eve", { runtimeId: "default" })).message).toContain("belongs to another user");
  });

  test("a new token ends the old one and the sessions that it opened", () => {
    const { token } = make("ada");
    const session = accounts.sessions.open({ userId: "ada", token, remember: false, previous: null });
    const { token: next = "" } = accounts.users.update(named("ada"), { rotateToken: true });
    expect(accounts.credentials.token(token)).toBeNull();
    expect(accounts.credentials.session(session.value)).toBeNull();
    expect(accounts.credentials.token(next)?.user_id).toBe("ada");
    expect(accounts.users.update(named("ada"), { token: next })).toMatchObject({ token: next });
    expect(accounts.credentials.token(next)?.user_id).toBe("ada");
  });

  test("a disabled user gets in with nothing, and an enabled one has to sign in again", () => {
    const { token } = make("ada");
    const session = accounts.sessions.open({ userId: "ada", token, remember: false, previous: null });
    const made = accounts.tokens.create(named("ada"), { name: "n", scopes: ["runs:read"], ttlS: 60, isAdmin: false });
    accounts.users.update(named("ada"), { enabled: false });
    expect(accounts.credentials.token(token)).toBeNull();
    expect(accounts.credentials.token(made.token)).toBeNull();
    expect(accounts.credentials.session(session.value)).toBeNull();
    accounts.users.update(named("ada"), { enabled: true });
    expect(accounts.credentials.token(token)?.user_id).toBe("ada");
    expect(accounts.credentials.session(session.value)).toBeNull();
  });

  test("the last administrator stays one", () => {
    make("root", { roles: ["admin"] });
    for (const change of [{ roles: ["user"] }, { enabled: false }]) {
      expect(refusal(() => accounts.users.update(named("root"), change)).code).toBe("conflict");
    }
    expect(refusal(() => accounts.users.delete(named("root"))).code).toBe("conflict");
    expect(accounts.users.get(named("root"))).toMatchObject({ enabled: true, roles: ["admin"] });
    make("second", { roles: ["admin"] });
    accounts.users.delete(named("root"));
    expect(accounts.users.list().map((user) => user.user_id)).toEqual(["second"]);
  });

  test("the runtime of a removed user is kept for an administrator to hand on", () => {
    const { token } = make("ada");
    make("bob");
    accounts.users.delete(named("ada"));
    expect(accounts.credentials.token(token)).toBeNull();
    expect(refusal(() => make("ada")).message).toContain("is reserved");
    const runtime = { tenantId: "default", runtimeId: "ada" };
    const moved = accounts.users.transfer(runtime, "bob");
    expect(moved).toMatchObject({ previousRuntimeId: "bob", user: { user_id: "bob", runtime_id: "ada" } });
    const kept = accounts.users.reservations.list();
    expect(kept.map(({ runtime_id, reason }) => [runtime_id, reason])).toEqual([["bob", "runtime-transferred"]]);
    expect(refusal(() => accounts.users.transfer(runtime, "bob")).code).toBe("not_found");
  });

  test("a user who gets another runtime leaves the old one reserved", () => {
    const { token } = make("ada");
    accounts.users.update(named("ada"), { runtimeId: "fresh" });
    expect(accounts.credentials.token(token)?.scope).toEqual({ runtimeId: "default/fresh" });
    expect(accounts.users.reservations.list()).toMatchObject([{ runtime_id: "ada", reason: "runtime-reassigned" }]);
  });
});

describe("sessions", () => {
  test("end when they are not used, and at the latest after their time", () => {
    const { token } = make("ada");
    const signIn = (remember: boolean) =>
      accounts.sessions.open({ userId: "ada", token, remember, previous: null }).value;
    const isOpen = (value: string) => accounts.credentials.session(value) !== null;
    const [idle, busy, remembered] = [signIn(false), signIn(false), signIn(true)];
    for (let minute = 0; minute < 59; minute++) {
      clock.ms += 60_000 + 1;
      expect(isOpen(busy)).toBe(true);
    }
    expect(isOpen(idle)).toBe(false);
    clock.ms += 120_000;
    expect(isOpen(busy)).toBe(false);
    expect(isOpen(remembered)).toBe(true);
    clock.ms += 7_200_000;
    expect(isOpen(remembered)).toBe(false);
  });

  test("are so many at most: the oldest makes room", () => {
    const { token } = make("ada");
    const values = Array.from({ length: 4 }, () => {
      clock.ms++;
      return accounts.sessions.open({ userId: "ada", token, remember: false, previous: null }).value;
    });
    expect(values.map((value) => accounts.credentials.session(value) !== null)).toEqual([false, true, true, true]);
  });

  test("begin with the user's own token and no other, for the user who is named", () => {
    const { token } = make("ada");
    const personal = accounts.tokens.create(named("ada"), {
      name: "n",
      scopes: ["runs:read"],
      ttlS: 60,
      isAdmin: false,
    });
    const open = (userId: string, given: string) =>
      refusal(() => accounts.sessions.open({ userId, token: given, remember: false, previous: null }));
    const wrong = { code: "unauthorized", message: "Invalid Gateway user token" };
    expect(open("ada", "agw_wrong")).toEqual(wrong);
    expect(open("ada", personal.token)).toEqual(wrong);
    expect(open("bob", token).message).toBe("Gateway token resolved to user 'ada', not 'bob'.");
  });
});

describe("personal access tokens", () => {
  test("expire, and are told without their secret", () => {
    make("ada");
    const { token, record } = accounts.tokens.create(named("ada"), {
      name: "ci",
      scopes: ["runs:read", "runs:read"],
      ttlS: 60,
      isAdmin: false,
    });
    expect(accounts.credentials.token(token)).toMatchObject({ grants: ["runs:read"], scopes: ["runs:read"] });
    expect(JSON.stringify(accounts.tokens.list(named("ada")))).not.toContain(token);
    expect(record).toMatchObject({ name: "ci", scopes: ["runs:read"], last_used_at: null });
    clock.ms += 60_000;
    expect(accounts.credentials.token(token)).toBeNull();
  });

  test("cannot be what their user is not", () => {
    make("ada");
    const create = (scopes: string[], isAdmin = false) =>
      refusal(() => accounts.tokens.create(named("ada"), { name: "n", scopes, ttlS: 60, isAdmin }));
    expect(create([]).code).toBe("invalid_request");
    expect(create(["runs:all"]).message).toContain("'runs:all' is not one of runs:read");
    expect(create(["admin"]).code).toBe("forbidden");
    accounts.users.create({ ...named("root"), roles: ["admin"] });
    const plain = accounts.tokens.create(named("root"), { name: "n", scopes: ["runs:read"], ttlS: 60, isAdmin: true });
    expect(accounts.credentials.token(plain.token)?.roles).toEqual([]);
  });

  test("are removed by their owner only", () => {
    make("ada");
    make("bob");
    const { token, record } = accounts.tokens.create(named("ada"), {
      name: "n",
      scopes: ["runs:read"],
      ttlS: 60,
      isAdmin: false,
    });
    expect(accounts.tokens.delete(named("bob"), record.token_id)).toBe(false);
    expect(accounts.credentials.token(token)).not.toBeNull();
    expect(accounts.tokens.delete(named("ada"), record.token_id)).toBe(true);
    expect(accounts.credentials.token(token)).toBeNull();
  });
});

describe("the first administrator", () => {
  const tokenFile = () => join(folder, "auth", "bootstrap-token");
  const boot = (more: object = {}) =>
    bootstrapAdmin(accounts.users, {
      ...named("admin"),
      token: null,
      tokenFile: tokenFile(),
      rotateToken: false,
      ...more,
    });

  test("is made once, with a token in a file that only its owner reads", () => {
    const made = boot();
    expect(made).toMatchObject({ ok: true, changed: true, token_source: "generated", token_available: true });
    expect(readFileSync(tokenFile(), "utf8").trim()).toBe(made.token ?? "");
    expect(statSync(tokenFile()).mode & 0o777).toBe(0o600);
    expect(accounts.credentials.token(made.token ?? "")).toMatchObject({ roles: ["admin", "user"] });
    expect(boot()).toMatchObject({ changed: false, token_source: "token-file", token: made.token });
  });

  test("gets the operator's token, and a new one when asked", () => {
    const token = "operator-token-0123456789";
    expect(boot({ token, tokenFile: null })).toMatchObject({ token_source: "env", token_file: null, token });
    const rotated = boot({ rotateToken: true });
    expect(accounts.credentials.token(token)).toBeNull();
    expect(accounts.credentials.token(rotated.token ?? "")?.user_id).toBe("admin");
  });

  test("is one again when somebody took the role or the entry away", () => {
    make("other", { roles: ["admin"] });
    const { token = "" } = boot();
    accounts.users.update(named("admin"), { roles: ["user"], enabled: false });
    expect(boot()).toMatchObject({ changed: true, user: { enabled: true, roles: ["admin", "user"] } });
    expect(accounts.credentials.token(token)?.roles).toContain("admin");
  });
});

test("a file of another program is refused and left as it is", () => {
  const path = join(folder, "other.sqlite3");
  const db = new Database(path, { create: true });
  db.run("CREATE TABLE precious(x)");
  db.close();
  const open = () => openAccounts({ file: path, adminUsesDefaultRuntime: true, session: rules, now: () => clock.ms });
  expect(refusal(open)).toMatchObject({ code: "storage", message: expect.stringContaining("not a file of users") });
});
