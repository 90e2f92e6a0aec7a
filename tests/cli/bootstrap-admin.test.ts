import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAuditLog } from "#auth/audit-log.ts";
import { runCli } from "#fixtures/cli.ts";
import { openSqliteLedger } from "#ledger/sqlite/sqlite-ledger.ts";

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "gateway-admin-"));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

const bootstrap = (...args: string[]) => runCli(["config", "bootstrap-admin", "--data-dir", dataDir, ...args]);
const tokenFile = () => join(dataDir, "auth/bootstrap-admin-token");

test("the first administrator is made once, and the token is in a file that only its owner reads", async () => {
  const first = await bootstrap("--json");
  expect(first.exitCode).toBe(0);
  const made = JSON.parse(first.stdout);
  expect(made).toMatchObject({
    ok: true,
    changed: true,
    token_file: tokenFile(),
    token_available: true,
    token_source: "generated",
    user: { user_id: "admin", tenant_id: "default", roles: ["admin", "user"], runtime_id: "admin", enabled: true },
  });
  expect(made).not.toHaveProperty("token");
  const token = (await readFile(tokenFile(), "utf8")).trim();
  expect(token).toMatch(/^agw_/);
  expect((await stat(tokenFile())).mode & 0o777).toBe(0o600);
  expect(first.stdout + first.stderr).not.toContain(token);
  const again = JSON.parse((await bootstrap("--json")).stdout);
  expect(again).toMatchObject({ changed: false, token_source: "token-file" });
  expect((await bootstrap("--print-token")).stdout).toContain(`Token: ${token}`);
});

test("a token can be rotated, given, and kept in no file", async () => {
  await bootstrap();
  const before = await readFile(tokenFile(), "utf8");
  expect(JSON.parse((await bootstrap("--rotate-token", "--json")).stdout)).toMatchObject({ changed: true });
  expect(await readFile(tokenFile(), "utf8")).not.toBe(before);
  const given = "a-token-of-the-operator-0123";
  const other = await bootstrap("--user-id", "eve", "--token", given, "--no-token-file", "--print-token", "--json");
  expect(JSON.parse(other.stdout)).toMatchObject({ token_file: null, token_source: "env", token: given });
  expect(existsSync(`${dataDir}/auth/eve`)).toBe(false);
});

test.each([
  ["a name that is none", ["--user-id", "../x"], /user_id must have/],
  ["a token that could be guessed", ["--token", "secret"], /token must have 20/],
  ["two words about the file", ["--token-file", "x", "--no-token-file"], /either --token-file or --no-token-file/],
])("refuses %s", async (_, args, words) => {
  const { exitCode, stderr } = await bootstrap(...args);
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(words);
});

test("verify walks the audit log too: a changed, a removed and an added line are found", async () => {
  const ledger = await openSqliteLedger({ path: join(dataDir, "gateway.sqlite3"), now: Date.now });
  await ledger.close();
  const path = join(dataDir, "audit_log.jsonl");
  for (const round of [1, 2]) {
    const report = (message: string) => {
      throw new Error(message);
    };
    const log = createAuditLog({ path, maxBytes: 900, rotations: 9, now: Date.now, report });
    for (const line of [1, 2, 3]) {
      log.append({
        ts: "2026-11-23T00:00:00+00:00",
        request_id: `r${round}-${line}`,
        ip: "127.0.0.1",
        method: "POST",
        path: "/x",
        status: 200,
        duration_ms: 1,
        auth_required: true,
      });
      await log.flush();
    }
    await log.close();
  }
  const verify = () => runCli(["verify", "--data-dir", dataDir]);
  expect(await verify()).toEqual({
    exitCode: 0,
    stdout: "0 runs, 0 records: sound.\n6 lines of the audit log: sound.\n",
    stderr: "",
  });
  const sound = await readFile(path, "utf8");
  const lines = sound.trimEnd().split("\n");
  expect(lines.length).toBeGreaterThan(1);
  for (const [tampered, words] of [
    [sound.replace('"status":200', '"status":403'), "it was changed"],
    [`${lines.slice(1).join("\n")}\n`, "the line before it is another one, or is missing"],
    [`${sound}${JSON.stringify({ path: "/y" })}\n`, "it is not in the chain"],
  ] as const) {
    await writeFile(path, tampered);
    const { exitCode, stderr } = await verify();
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining(words)]);
  }
  // A crash leaves half a line; the next start goes on after it, and the chain is whole.
  await writeFile(path, sound);
  await appendFile(path, '{"ts":"2026');
  const log = createAuditLog({ path, maxBytes: 100_000, rotations: 9, now: Date.now, report: () => undefined });
  log.append({ ...JSON.parse(lines[0] ?? "{}"), prev_hash: undefined, hash: undefined });
  await log.close();
  expect((await verify()).exitCode).toBe(0);
});
