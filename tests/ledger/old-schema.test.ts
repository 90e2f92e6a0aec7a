import { Database } from "bun:sqlite";
import { afterAll, expect, test } from "bun:test";
import { existsSync, readdirSync, statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { copyPath } from "#ledger/sqlite/copy-before-migration.ts";
import { ledgerSchema, openForWriting } from "#ledger/sqlite/database.ts";
import { migrations } from "#ledger/sqlite/migrations.ts";

const made: string[] = [];
afterAll(() => Promise.all(made.map((folder) => rm(folder, { recursive: true, force: true }))));

/** A ledger as a program with so many steps of the schema left it: one run with two records, an artifact and a command. */
async function ledgerOf(schema: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "gateway-schema-"));
  made.push(folder);
  const path = join(folder, "gateway.sqlite3");
  const db = new Database(path, { create: true });
  db.run("PRAGMA journal_mode = WAL");
  for (const step of migrations.slice(0, schema)) {
    if (typeof step === "string") db.run(step);
    else step(db);
  }
  db.run(`PRAGMA user_version = ${schema}`);
  db.run("PRAGMA application_id = 1095194444");
  const at = "2026-01-01T00:00:00.000000+00:00";
  db.run(`INSERT INTO runs(run_no, run_id, workflow_id, root_run_id, runtime_id, draft, created_at, status, paused, node_id, updated_at, head_seq)
    VALUES(1, 'r1', 'hello', 'r1', 'default', 0, '${at}', 'completed', 0, 'end', '${at}', 2)`);
  for (const seq of [1, 2]) db.run(`INSERT INTO records(id, json) VALUES(${2 ** 24 + seq}, '{"seq":${seq}}')`);
  db.run(`INSERT INTO artifacts(artifact_id, blob_id, run_id, content_type, size_bytes, created_at, tags, metadata)
    VALUES('a1', 'b1', 'r1', 'text/plain', 3, '${at}', '{}', '{}')`);
  db.run(
    `INSERT INTO commands(command_id, principal, run_id, type, payload, ts) VALUES('c1', 'p', 'r1', 'pause', '{}', '${at}')`,
  );
  db.close(true);
  return path;
}

function contents(path: string): object {
  const db = new Database(path, { readonly: true });
  try {
    const count = (table: string) => (db.query(`SELECT count(*) AS n FROM ${table}`).get() as { n: number }).n;
    const tables = ["runs", "records", "artifacts", "commands"];
    return Object.fromEntries(tables.map((table) => [table, count(table)]));
  } finally {
    db.close(true);
  }
}

const whole = { runs: 1, records: 2, artifacts: 1, commands: 1 };
const olderSchemas = migrations.map((_, index) => index).slice(1);

test.each(olderSchemas)("a ledger of schema %d opens, keeps what it has, and is copied before", async (schema) => {
  const path = await ledgerOf(schema);
  openForWriting(path, { maxBytes: null }).close(true);
  expect(ledgerSchema(path)).toEqual({ found: migrations.length, known: migrations.length });
  expect(contents(path)).toEqual(whole);
  const copy = copyPath(path, schema);
  expect(ledgerSchema(copy).found).toBe(schema);
  expect(contents(copy)).toEqual(whole);
  expect(statSync(copy).mode & 0o777).toBe(0o600);
});

test("a ledger of this schema is opened without a copy", async () => {
  const path = await ledgerOf(migrations.length);
  openForWriting(path, { maxBytes: null }).close(true);
  expect(readdirSync(join(path, "..")).filter((name) => name.includes("schema"))).toEqual([]);
});

test("a ledger of a newer program is refused and left as it is", async () => {
  const path = await ledgerOf(migrations.length);
  const db = new Database(path);
  db.run(`PRAGMA user_version = ${migrations.length + 1}`);
  db.close(true);
  expect(() => openForWriting(path, { maxBytes: null })).toThrow("newer than the");
  expect(() => ledgerSchema(path)).toThrow("use a newer program");
  expect(contents(path)).toEqual(whole);
});

test("a step that fails leaves the ledger and its copy as they were", async () => {
  const path = await ledgerOf(1);
  const db = new Database(path);
  // What the second step adds is there already, so that step fails.
  db.run("ALTER TABLE runs ADD COLUMN schedule TEXT");
  db.close(true);
  expect(() => openForWriting(path, { maxBytes: null })).toThrow("duplicate column");
  expect(ledgerSchema(path).found).toBe(1);
  expect(contents(path)).toEqual(whole);
  expect(existsSync(copyPath(path, 1))).toBe(true);
});
