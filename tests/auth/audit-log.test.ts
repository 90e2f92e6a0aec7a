import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AuditEntry, type AuditLog, createAuditLog } from "#auth/audit-log.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "audit-test-"));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

function entry(path: string): AuditEntry {
  return {
    ts: "2026-11-23T00:00:00.000000+00:00",
    request_id: "r",
    ip: "127.0.0.1",
    method: "POST",
    path,
    status: 200,
    duration_ms: 1,
    auth_required: true,
  };
}

function open(
  more: { path?: string; maxBytes?: number; rotations?: number; report?: (message: string) => void } = {},
): AuditLog {
  let ms = Date.UTC(2026, 10, 23);
  return createAuditLog({
    path: join(folder, "audit_log.jsonl"),
    maxBytes: 1_000_000,
    rotations: 2,
    now: () => ms++,
    report: (message) => {
      throw new Error(message);
    },
    ...more,
  });
}

async function lines(name: string): Promise<string[]> {
  const text = await readFile(join(folder, name), "utf8");
  return text
    .trimEnd()
    .split("\n")
    .map((line) => (JSON.parse(line) as AuditEntry).path);
}

test("lines are in the file in the order in which they were appended", async () => {
  const log = open();
  const paths = Array.from({ length: 500 }, (_, index) => `/p${index}`);
  for (const path of paths) log.append(entry(path));
  await log.flush();
  for (const path of paths) log.append(entry(`${path}-later`));
  await log.close();
  expect(await lines("audit_log.jsonl")).toEqual([...paths, ...paths.map((path) => `${path}-later`)]);
});

test("an existing file is continued", async () => {
  for (const path of ["/a", "/b"]) {
    const log = open();
    log.append(entry(path));
    await log.close();
  }
  expect(await lines("audit_log.jsonl")).toEqual(["/a", "/b"]);
});

test("a full file is set aside, and of those set aside the newest are kept", async () => {
  const log = open({ maxBytes: 300 });
  for (let index = 0; index < 8; index++) {
    log.append(entry(`/p${index}`));
    await log.flush();
  }
  await log.close();
  const aside = (await readdir(folder)).filter((name) => name !== "audit_log.jsonl").sort();
  expect(aside.length).toBe(2);
  const kept = (await Promise.all([...aside, "audit_log.jsonl"].map(lines))).flat();
  expect(kept).toEqual(["/p0", "/p1", "/p2", "/p3", "/p4", "/p5", "/p6", "/p7"].slice(-kept.length));
  expect(kept.length).toBeLessThan(8);
});

test("without rotations a full file starts again", async () => {
  const log = open({ maxBytes: 200, rotations: 0 });
  for (const path of ["/a", "/b", "/c"]) {
    log.append(entry(path));
    await log.flush();
  }
  await log.close();
  expect(await readdir(folder)).toEqual(["audit_log.jsonl"]);
  expect(await lines("audit_log.jsonl")).toEqual(["/c"]);
});

test("a file that cannot be written is reported once and never disturbs a request", async () => {
  const reports: string[] = [];
  await writeFile(join(folder, "file"), "");
  const log = open({ path: join(folder, "file", "audit_log.jsonl"), report: (message) => void reports.push(message) });
  for (const path of ["/a", "/b"]) {
    log.append(entry(path));
    await log.flush();
  }
  await log.close();
  expect(reports.length).toBe(1);
  expect(reports[0]).toStartWith(`The audit log ${folder}/file/audit_log.jsonl cannot be written`);
});
