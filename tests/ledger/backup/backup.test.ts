import { beforeEach, describe, expect, test } from "bun:test";
import { Database } from "bun:sqlite";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { mkdtemp, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AppError, messageOf } from "#core/errors.ts";
import { systemClock } from "#core/time.ts";
import { createDiskBlobs } from "#artifacts/disk-blobs.ts";
import { createBackup } from "#ledger/backup/create-backup.ts";
import { readManifest } from "#ledger/backup/inspect-backup.ts";
import { requireRestored, restoreBackup } from "#ledger/backup/restore-backup.ts";
import type { Ledger } from "#ledger/ledger.ts";
import { openSqliteLedger } from "#ledger/sqlite/sqlite-ledger.ts";
import { takeProcessLock } from "#ledger/sqlite/process-lock.ts";
import { rejection } from "#fixtures/rejection.ts";
import { Chain, newRun, tick } from "../sample-runs.ts";

let root: string;
let dataDir: string;
let dbPath: string;
let target: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "gateway-backup-"));
  dataDir = join(root, "data");
  dbPath = join(dataDir, "gateway.sqlite3");
  target = join(root, "copy");
});

const flowsDir = () => join(dataDir, "flows");

/** A data folder with one run of three records, an artifact, a bundle, and things that no backup keeps. */
async function fill(): Promise<string> {
  const ledger = await openSqliteLedger({ path: dbPath, now: systemClock });
  await ledger.commit({ starts: [newRun("one")] });
  await ledger.commit({ updates: [new Chain("one").next(3)] });
  const blob = await createDiskBlobs(join(dataDir, "artifacts")).put(new TextEncoder().encode("picture"));
  await ledger.commit({ artifacts: [artifact(blob)] });
  await ledger.close();
  mkdirSync(flowsDir(), { recursive: true });
  writeFileSync(join(flowsDir(), "a.flow"), "bundle");
  writeFileSync(join(dataDir, "gateway.url"), "http://127.0.0.1:1\n");
  writeFileSync(join(dataDir, "half.tmp"), "half");
  mkdirSync(join(dataDir, "models"));
  writeFileSync(join(dataDir, "models", "large.gguf"), "weights");
  return blob;
}

function artifact(blobId: string) {
  const { length } = "picture";
  const times = { created_at: tick(), tags: {}, metadata: {} };
  return {
    artifact_id: "art",
    blob_id: blobId,
    run_id: "one",
    runtime_id: "default",
    content_type: "image/png",
    size_bytes: length,
    ...times,
  };
}

function back(more: Partial<Parameters<typeof createBackup>[0]> = {}) {
  const names = { dataDir, ledgerPath: dbPath, flowsDir: flowsDir(), target };
  return createBackup({ ...names, version: "1.0.0", createdAt: tick(), leaveOut: ["models"], ...more });
}

function restore(more: Partial<Parameters<typeof restoreBackup>[0]> = {}) {
  const to = join(root, "restored");
  const names = {
    source: target,
    dataDir: to,
    dbPath: join(to, "gateway.sqlite3"),
    ledgerDir: join(to, "ledger"),
    flowsDir: join(to, "flows"),
  };
  return restoreBackup({ ...names, replaces: false, suffix: "before", ...more });
}

async function recordsOf(path: string, runId: string): Promise<string[]> {
  const ledger = await openSqliteLedger({ path, now: systemClock });
  try {
    return (await ledger.readRecords(runId, 0, { limit: 10_000 })).map(({ json }) => json);
  } finally {
    await ledger.close();
  }
}

describe("a backup", () => {
  test("holds the ledger, artifacts and bundles, and neither leftovers nor what was left out", async () => {
    const blob = await fill();
    const manifest = await back();
    expect(manifest.files.map(({ path }) => path).sort()).toEqual([
      `data/artifacts/blobs/${blob}.bin`,
      "data/flows/a.flow",
      "data/gateway.sqlite3",
    ]);
    expect(manifest.database).toEqual({ path: "data/gateway.sqlite3", runs: 1, records: 3 });
    expect(manifest.left_out).toEqual(["models"]);
    expect(await readManifest(target)).toEqual(manifest);
    expect(statSync(join(target, "data/gateway.sqlite3")).mode & 0o777).toBe(0o600);
  });

  test("restores to the same records, byte for byte", async () => {
    await fill();
    await back();
    await restore();
    const restored = join(root, "restored", "gateway.sqlite3");
    expect(await recordsOf(restored, "one")).toEqual(await recordsOf(dbPath, "one"));
    expect(readFileSync(join(root, "restored", "flows", "a.flow"), "utf8")).toBe("bundle");
    expect((await readdir(join(root, "restored"))).filter((name) => name.startsWith("."))).toEqual([]);
  });

  test("taken while commits go on has every run wholly or not at all", async () => {
    await fill();
    const ledger = await openSqliteLedger({ path: dbPath, now: systemClock });
    let isOver = false;
    const writing = writeRuns(ledger, () => isOver);
    const manifest = await back();
    isOver = true;
    const written = await writing;
    await ledger.close();
    expect(written).toBeGreaterThan(0);
    // Each run of the writer is born with its two records in one commit.
    expect(manifest.database.records).toBe(3 + 2 * (manifest.database.runs - 1));
    await restore();
  });

  test("keeps links as links and does not follow them", async () => {
    await fill();
    mkdirSync(join(dataDir, "workspaces"));
    writeFileSync(join(root, "secret"), "outside");
    symlinkSync("../../secret", join(dataDir, "workspaces", "link"));
    const manifest = await back();
    expect(manifest.links).toEqual([{ path: "data/workspaces/link", target: "../../secret" }]);
    expect(manifest.files.some(({ path }) => path.includes("link"))).toBe(false);
  });

  test("copies bundles that lie elsewhere, and puts them back there", async () => {
    await fill();
    const elsewhere = join(root, "bundles");
    mkdirSync(elsewhere);
    writeFileSync(join(elsewhere, "b.flow"), "other");
    await back({ flowsDir: elsewhere });
    await restore({ flowsDir: join(root, "flows-back") });
    expect(readFileSync(join(root, "flows-back", "b.flow"), "utf8")).toBe("other");
  });

  test("of a folder without a ledger is refused, and makes none", async () => {
    expect(await rejection(back())).toMatchObject({ code: "not_found" });
    expect(existsSync(dataDir)).toBe(false);
  });

  test("does not overwrite another, and does not go into the data folder", async () => {
    await fill();
    await back();
    expect(await rejection(back())).toMatchObject({ code: "conflict" });
    expect(await rejection(back({ target: join(dataDir, "copy") }))).toMatchObject({ code: "invalid_request" });
  });

  test("of damaged data fails and leaves nothing with the target's name", async () => {
    const blob = await fill();
    appendFileSync(join(dataDir, "artifacts", "blobs", `${blob}.bin`), "!");
    const error = await rejection(back());
    expect(error).toMatchObject({ code: "unprocessable" });
    expect(messageOf(error)).toContain("not what its name says");
    expect(await readdir(root)).toEqual(["data"]);
  });

  test("says which artifact has lost its bytes", async () => {
    const blob = await fill();
    rmSync(join(dataDir, "artifacts", "blobs", `${blob}.bin`));
    expect(messageOf(await rejection(back()))).toContain(`The bytes of an artifact are missing: ${blob}`);
  });

  test("finds a record that was changed", async () => {
    await fill();
    const database = new Database(dbPath);
    database.run("UPDATE records SET json = replace(json, 'one-2', 'eno-2')");
    database.close(true);
    expect(messageOf(await rejection(back()))).toContain("Run one, record 2");
  });
});

describe("a restore", () => {
  test("reads every byte first: a changed, a cut and a missing file are named, and nothing is written", async () => {
    const blob = await fill();
    await back();
    const flow = join(target, "data/flows/a.flow");
    writeFileSync(flow, "bundlE");
    expect(messageOf(await rejection(restore()))).toContain("data/flows/a.flow: its content was changed");
    writeFileSync(flow, "bun");
    expect(messageOf(await rejection(restore()))).toContain("data/flows/a.flow: it has 3 bytes, not 6");
    writeFileSync(flow, "bundle");
    rmSync(join(target, `data/artifacts/blobs/${blob}.bin`));
    expect(messageOf(await rejection(restore()))).toContain("it is missing");
    expect(existsSync(join(root, "restored"))).toBe(false);
  });

  test("refuses a folder that is no backup, or whose manifest leads outside", async () => {
    expect(await rejection(restore())).toMatchObject({ code: "not_found" });
    await fill();
    const manifest = await back();
    const evil = { path: "data/../../evil", bytes: 0, sha256: "0".repeat(64), mode: 0o600 };
    writeFileSync(join(target, "manifest.json"), JSON.stringify({ ...manifest, files: [...manifest.files, evil] }));
    expect(messageOf(await rejection(restore()))).toContain("'data/../../evil'");
    writeFileSync(join(target, "manifest.json"), "{");
    expect(await rejection(restore())).toMatchObject({ code: "unprocessable" });
    writeFileSync(join(target, "manifest.json"), JSON.stringify({ ...manifest, files: 3 }));
    expect(messageOf(await rejection(restore()))).toContain("'files'");
  });

  test("leaves a folder alone that has something in it, and moves it aside when told to", async () => {
    await fill();
    await back();
    mkdirSync(join(root, "restored"));
    writeFileSync(join(root, "restored", "precious"), "mine");
    expect(await rejection(restore())).toMatchObject({ code: "conflict" });
    expect((await restore({ replaces: true })).movedTo).toBe(join(root, "restored.before"));
    expect(readFileSync(join(root, "restored.before", "precious"), "utf8")).toBe("mine");
  });

  test("refuses while a runner works on the folder", async () => {
    await fill();
    await back();
    mkdirSync(join(root, "restored"));
    const lock = takeProcessLock(join(root, "restored", "gateway_runner.lock"));
    try {
      expect(messageOf(await rejection(restore()))).toContain("A gateway is running");
    } finally {
      lock?.release();
    }
  });

  test("that was interrupted keeps a gateway from starting, and can be run again", async () => {
    await fill();
    await back();
    const to = join(root, "restored");
    mkdirSync(join(to, ".restoring", "data"), { recursive: true });
    mkdirSync(join(to, "flows"));
    const ledger = join(to, "gateway.sqlite3");
    expect(() => requireRestored(to, ledger)).toThrow(AppError);
    await restore();
    expect(() => requireRestored(to, ledger)).not.toThrow();
    expect(await recordsOf(ledger, "one")).toHaveLength(3);
  });

  test("that was interrupted after the ledger came does not take what was written since for rubbish", async () => {
    await fill();
    await back();
    await restore();
    mkdirSync(join(root, "restored", ".restoring"));
    expect(await rejection(restore())).toMatchObject({ code: "conflict" });
    expect(await recordsOf(join(root, "restored", "gateway.sqlite3"), "one")).toHaveLength(3);
  });
});

async function writeRuns(ledger: Ledger, isOver: () => boolean): Promise<number> {
  let written = 0;
  while (!isOver()) {
    const runId = `live-${written++}`;
    await ledger.commit({ starts: [newRun(runId)], updates: [new Chain(runId).next(2)] });
  }
  return written;
}
