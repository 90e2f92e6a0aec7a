import { expect, test } from "bun:test";
import { Database } from "bun:sqlite";
import { chmodSync, mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Finding } from "#app/doctor/finding.ts";
import { checkGrowth } from "#app/doctor/growth-checks.ts";
import { checkAccess, checkPort, checkProviders } from "#app/doctor/service-checks.ts";
import { checkDataFolder, checkLedger } from "#app/doctor/storage-checks.ts";
import { loadConfiguration } from "#config/load.ts";
import { systemClock } from "#core/time.ts";
import { runCli } from "#fixtures/cli.ts";
import { openSqliteLedger } from "#ledger/sqlite/sqlite-ledger.ts";
import { Chain, newRun, progress } from "../ledger/sample-runs.ts";

const token = "0123456789abcdef0123456789abcdef";

async function contextOf(more: Record<string, string> = {}) {
  const dataDir = await mkdtemp(join(tmpdir(), "gateway-doctor-"));
  chmodSync(dataDir, 0o700);
  const env = {
    ABSTRACTGATEWAY_DATA_DIR: dataDir,
    ABSTRACTGATEWAY_AUTH_TOKEN: token,
    ABSTRACTGATEWAY_PROBE_SERVERS: "0",
    ...more,
  };
  const { settings, warnings } = loadConfiguration({ env, cwd: dataDir, envFile: null });
  return { settings, warnings, env, nowMs: Date.now(), dataDir };
}

const levels = (findings: Finding[]) => findings.map(({ name, level }) => `${name}: ${level}`);
const troubles = (findings: Finding[]) => findings.filter(({ level }) => level !== "ok");

async function withRuns() {
  const context = await contextOf();
  const ledger = await openSqliteLedger({ path: context.settings.dbPath, now: systemClock });
  await ledger.commit({ starts: [newRun("one")] });
  await ledger.commit({ updates: [new Chain("one").next(300)] });
  await ledger.close();
  return context;
}

test("a sound data folder with a ledger has no trouble", async () => {
  const context = { ...(await withRuns()), nowMs: Date.UTC(2030, 0, 1) };
  expect(troubles(await checkDataFolder(context))).toEqual([]);
  const [ledger] = await checkLedger(context);
  expect(ledger?.message).toContain("1 runs, sound");
});

test("a data folder that others may read, or that cannot be made, is told with the remedy", async () => {
  const context = await contextOf();
  chmodSync(context.dataDir, 0o755);
  const [finding] = troubles(await checkDataFolder(context));
  expect(finding).toMatchObject({ name: "permissions", level: "warn", fix: `chmod 700 ${context.dataDir}` });
  const file = join(context.dataDir, "file");
  writeFileSync(file, "");
  const settings = { ...context.settings, dataDir: join(file, "data") };
  expect(levels(await checkDataFolder({ ...context, settings }))).toEqual(["data folder: fail"]);
});

test("a clock behind the ledger is told: timers follow it", async () => {
  const context = await withRuns();
  const findings = troubles(await checkLedger({ ...context, nowMs: Date.UTC(2020, 0, 1) }));
  expect(findings).toMatchObject([{ name: "clock", level: "fail" }]);
  expect(findings[0]?.message).toContain("2020-01-01T00:00:00");
});

test("a damaged, a foreign and a cut ledger are failures in one sentence", async () => {
  const context = await withRuns();
  const { dbPath } = context.settings;
  const bytes = new Uint8Array(await Bun.file(dbPath).arrayBuffer());
  bytes.fill(0xff, 8192, 16_384);
  writeFileSync(dbPath, bytes);
  expect(levels(troubles(await checkLedger(context)))).toEqual(["ledger: fail"]);
  writeFileSync(dbPath, "this is no database, whatever its name says".repeat(100));
  expect(troubles(await checkLedger(context))[0]?.message).toContain("not an SQLite database");
  const other = await contextOf();
  const foreign = new Database(other.settings.dbPath);
  foreign.run("CREATE TABLE theirs(x)");
  foreign.close(true);
  expect(troubles(await checkLedger(other))[0]?.message).toContain("another program");
});

test("a port that something else holds is a failure, a free one is not", async () => {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const { port } = server.address() as { port: number };
  const context = await contextOf({ ABSTRACTGATEWAY_HOST: "127.0.0.1", ABSTRACTGATEWAY_PORT: String(port) });
  try {
    expect(levels(await checkPort(context))).toEqual(["port: fail"]);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
  expect(levels(await checkPort(context))).toEqual(["port: ok"]);
});

test("no token is a failure, a short one a warning, and security that is off on all addresses a failure", async () => {
  const { settings, ...rest } = await contextOf();
  const levelWith = async (auth: Partial<typeof settings.auth>, host = "127.0.0.1") =>
    (await checkAccess({ ...rest, settings: { ...settings, host, auth: { ...settings.auth, ...auth } } }))[0]?.level;
  expect(await levelWith({})).toBe("ok");
  expect(await levelWith({ tokens: [] })).toBe("fail");
  expect(await levelWith({ tokens: ["short"] })).toBe("warn");
  expect(await levelWith({ enabled: false })).toBe("warn");
  expect(await levelWith({ enabled: false }, "0.0.0.0")).toBe("fail");
});

test("a provider that nobody answers for is a warning with its address to check", async () => {
  const context = await contextOf({ LMSTUDIO_BASE_URL: "http://127.0.0.1:9/v1" });
  const findings = await checkProviders(context);
  expect(findings.find(({ name }) => name === "provider lmstudio")?.level).toBe("warn");
  expect(findings.find(({ name }) => name === "default model")?.level).toBe("warn");
});

test("the command prints each finding with its remedy, and exits 1 when something must be mended", async () => {
  const { dataDir } = await contextOf();
  const env = {
    ABSTRACTGATEWAY_DATA_DIR: dataDir,
    ABSTRACTGATEWAY_PROBE_SERVERS: "0",
    ABSTRACTGATEWAY_PORT: "0",
    ABSTRACTGATEWAY_TOOL_MOED: "approval",
  };
  const { exitCode, stdout } = await runCli(["doctor"], { env });
  expect(exitCode).toBe(1);
  expect(stdout).toContain("FAIL  access: No token is configured\n      → `abstractgateway config init`");
  expect(stdout).toContain("did you mean ABSTRACTGATEWAY_TOOL_MODE?");
  expect(stdout).toContain("llama.cpp");
  const { stdout: json } = await runCli(["doctor", "--json"], { env });
  expect(JSON.parse(json).find(({ name }: Finding) => name === "access")).toMatchObject({ level: "fail" });
});

test("what grows is told, and from some size on with the remedy", async () => {
  const context = await contextOf();
  const ledger = await openSqliteLedger({ path: context.settings.dbPath, now: systemClock });
  const end = progress("completed", { updated_at: "2026-11-01T00:00:00+00:00" });
  await ledger.commit({ starts: [newRun("one")] });
  await ledger.commit({ updates: [new Chain("one").next(1, { progress: end })] });
  await ledger.close();
  const nowMs = Date.UTC(2026, 10, 21, 1);
  const [runs, artifacts] = await checkGrowth({ ...context, nowMs });
  expect(runs).toMatchObject({ level: "ok", message: "1, the oldest 20 days old; they are kept for ever" });
  expect(artifacts).toMatchObject({ level: "ok", message: "0 files, 0.0 MB" });
  const blobs = join(context.dataDir, "artifacts", "blobs");
  mkdirSync(blobs, { recursive: true });
  writeFileSync(join(blobs, "large"), "");
  // A hole: it takes no space, and counts.
  truncateSync(join(blobs, "large"), 11e9);
  const grown = (await checkGrowth({ ...context, nowMs }))[1];
  expect(grown).toMatchObject({ level: "warn", fix: expect.stringContaining("ABSTRACTGATEWAY_RETENTION_RUNS_DAYS") });
});
