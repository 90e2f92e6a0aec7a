import { mkdtempSync, readFileSync } from "node:fs";
import { open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "#core/time.ts";
import { startGateway, token } from "#fixtures/gateway.ts";
import { openSqliteLedger } from "#ledger/sqlite/sqlite-ledger.ts";
import { newRun } from "../ledger/sample-runs.ts";
import { type Row, print, quantile, round, sample, timeOf } from "./measure.ts";

/**
 * A file of a gigabyte up and down again, beside a bare server; and searches among 10,000 artifacts with counts of their values.
 * `bun tests/bench/artifacts.bench.ts`
 */
const gigabyte = 1024 ** 3;
const artifacts = 10_000;
const searches = 300;

const folder = mkdtempSync(join(tmpdir(), "artifacts-bench-"));
const file = join(folder, "gigabyte.bin");
const handle = await open(file, "w");
await handle.truncate(gigabyte);
await handle.close();
const headers = ["-H", `authorization: Bearer ${token}`];

function peakMb(pid: number): number {
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1000;
}

async function curl(...args: string[]): Promise<string> {
  const child = Bun.spawn(["curl", "-sS", "--fail-with-body", ...args], { stdout: "pipe", stderr: "inherit" });
  const text = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error(`curl failed: ${text}`);
  return text;
}

interface Moved {
  upMs: number;
  downMs: number;
  /** Growth of the process's highest memory over what it had before. */
  growthMb: number;
}

async function floor(): Promise<Moved> {
  const child = Bun.spawn([process.execPath, join(import.meta.dirname, "floor-files.ts")], { stdout: "pipe" });
  const { value } = await child.stdout.getReader().read();
  const url = new TextDecoder().decode(value).trim();
  const before = sample(child.pid).rssMb;
  const upMs = await timeOf(() => curl("-T", file, url));
  const downMs = await timeOf(() => curl("-o", "/dev/null", url));
  const growthMb = peakMb(child.pid) - before;
  child.kill("SIGTERM");
  await child.exited;
  return { upMs, downMs, growthMb };
}

async function moved(): Promise<Moved> {
  const gateway = await startGateway({ env: { ABSTRACTGATEWAY_MAX_ATTACHMENT_BYTES: String(2 * gigabyte) } });
  const api = `${gateway.url}/api/gateway`;
  const before = sample(gateway.process.pid).rssMb;
  let content = "";
  const upMs = await timeOf(async () => {
    const form = ["-F", "session_id=s1", "-F", `file=@${file}`];
    const { artifact } = JSON.parse(await curl(...headers, ...form, `${api}/attachments/upload`));
    content = `${api}/runs/session_memory_s1/artifacts/${artifact.artifact_id}/content`;
  });
  const downMs = await timeOf(() => curl(...headers, "-o", "/dev/null", content));
  const growthMb = peakMb(gateway.process.pid) - before;
  await gateway.close();
  return { upMs, downMs, growthMb };
}

const kinds = [
  ["image/png", "image"],
  ["audio/wav", "speech"],
  ["text/markdown", "report"],
  ["application/json", "ledger"],
  ["application/pdf", "attachment"],
] as const;

async function fill(path: string): Promise<void> {
  const ledger = await openSqliteLedger({ path, now: systemClock });
  for (let run = 0; run < 500; run++) {
    const runId = `run-${run}`;
    const rows = Array.from({ length: artifacts / 500 }, (_, index) => {
      const number = run * (artifacts / 500) + index;
      const [contentType, kind] = kinds[number % kinds.length] ?? kinds[0];
      return {
        artifact_id: `artifact-${number}`,
        blob_id: Bun.SHA256.hash(String(number), "hex"),
        run_id: runId,
        runtime_id: "default",
        content_type: contentType,
        size_bytes: number,
        created_at: new Date(Date.UTC(2026, 0, 1) + number * 60_000).toISOString(),
        tags: { kind, node_id: `node-${number % 20}`, session_id: `s${run % 50}`, filename: `file-${number}.bin` },
        metadata: { title: `Thing ${number}`, prompt: `a picture of ${"very ".repeat(40)}${number}` },
      };
    });
    const workflow = `bundle-${run % 30}@1.0.0:main`;
    await ledger.commit({ starts: [newRun(runId, { workflow_id: workflow })], artifacts: rows });
  }
  await ledger.close();
}

const queries = [
  "",
  "&modality=image",
  "&artifact_kind=report,speech",
  "&scope=session&session_id=s7",
  "&content_type=image/*&order_by=size_bytes",
  "&query=picture",
  "&query=file-99",
  "&workflow_id=bundle-3@1.0.0:main",
  "&tags=node_id%3Dnode-4",
  "&created_after=2026-01-04",
];

interface Searched {
  times: number[];
  /** Of the smallest request, in between: what the machine itself adds. */
  pings: number[];
  cpuMs: number;
}

async function searched(limit: number): Promise<Searched> {
  const dataDir = mkdtempSync(join(tmpdir(), "artifacts-bench-"));
  await fill(join(dataDir, "gateway.sqlite3"));
  const gateway = await startGateway({ dataDir });
  const times: number[] = [];
  const pings: number[] = [];
  let cpuS = 0;
  for (let index = -20; index < searches; index++) {
    const query = queries[Math.abs(index) % queries.length] ?? "";
    pings.push(await timeOf(() => gateway.get("/ping")));
    if (index === 0) cpuS = sample(gateway.process.pid).cpuS;
    const ms = await timeOf(() => gateway.get(`/artifacts/search?include_stats=true&limit=${limit}${query}`));
    if (index >= 0) times.push(ms);
  }
  const cpuMs = ((sample(gateway.process.pid).cpuS - cpuS) * 1000) / searches;
  await gateway.close();
  return { times, pings, cpuMs };
}

const bare = await floor();
const ours = await moved();
const page = await searched(50);
const whole = await searched(500);
await rm(folder, { recursive: true });

const p95 = (times: number[]) => round(quantile(times, 0.95), 1);
const seconds = (ms: number) => round(ms / 1000);
const rows: Row[] = [
  {
    what: "memory for 1 GB up and down, above rest",
    measured: round(ours.growthMb, 0),
    unit: "MB",
    floor: round(bare.growthMb, 0),
    ratio: round(ours.growthMb / bare.growthMb),
    target: "at most 64 MB above the floor",
    ok: ours.growthMb <= bare.growthMb + 64,
  },
  {
    what: "upload of 1 GB, hashed and in a form",
    measured: seconds(ours.upMs),
    unit: "s",
    floor: seconds(bare.upMs),
    ratio: round(ours.upMs / bare.upMs),
    target: "-",
    ok: true,
  },
  {
    what: "download of 1 GB",
    measured: seconds(ours.downMs),
    unit: "s",
    floor: seconds(bare.downMs),
    ratio: round(ours.downMs / bare.downMs),
    target: "-",
    ok: true,
  },
  ...(
    [
      [50, page],
      [500, whole],
    ] as const
  ).flatMap(([limit, { times, pings, cpuMs }]): Row[] => [
    {
      what: `search of 10,000 artifacts with counts, ${limit} shown, p95 (p50 ${round(quantile(times, 0.5), 1)}); floor: a ping`,
      measured: p95(times),
      unit: "ms",
      floor: p95(pings),
      ratio: round(p95(times) / p95(pings)),
      // A page of 500 is 2.5 MB of JSON; it is shown, not judged.
      target: limit === 50 ? "at most 50" : "-",
      ok: limit !== 50 || p95(times) <= 50,
    },
    {
      what: "processor time of such a search",
      measured: round(cpuMs, 1),
      unit: "ms",
      floor: null,
      ratio: null,
      target: "at most 50",
      ok: cpuMs <= 50,
    },
  ]),
];
print(rows);
if (rows.some((row) => !row.ok)) process.exitCode = 1;
