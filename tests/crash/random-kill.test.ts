import { afterAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { archive } from "#fixtures/bundles.ts";
import { executable, startGateway, type Gateway } from "#fixtures/gateway.ts";
import { ask, loop, parent, short, timer } from "#fixtures/sample-flows.ts";
import { checkRun } from "./check-run.ts";

// CRASH_ROUNDS=1000 is for a longer look.
const roundsOf = (usual: number) => Number(process.env["CRASH_ROUNDS"] ?? usual);
/** The file store's recovery is other code, but the runs that it is tried with are the same. */
const stores = [
  { store: "sqlite", rounds: roundsOf(200) },
  { store: "file", rounds: roundsOf(60) },
];
const turns = 12;
const seed = Number(process.env["CRASH_SEED"] ?? Date.now() % 1_000_000);

let gateway: Gateway | null = null;
afterAll(async () => {
  await gateway?.close();
});

/** Mulberry32: a small seeded generator, so that a failing sequence of kill times can be repeated. */
function random(state: number): () => number {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Everything that the gateway acknowledged, and so may never lose. */
interface Acknowledged {
  runs: Map<string, "loop" | "parent" | "ask" | "timer">;
  commands: Set<string>;
  /** First accepted answer of each asking run. */
  answers: Map<string, string[]>;
}

/** One client that starts runs and answers questions until the gateway dies under it. */
async function work(target: Gateway, known: Acknowledged, next: () => number): Promise<void> {
  const kinds = ["loop", "parent", "ask", "timer"] as const;
  for (;;) {
    const kind = kinds[Math.floor(next() * kinds.length)] ?? "loop";
    const runId = await target.start(kind, kind === "loop" ? { end: turns + 1 } : {});
    known.runs.set(runId, kind);
    if (kind === "loop" && next() < 0.3) await steer(target, known, runId);
    if (kind !== "ask") continue;
    const response = `answer-${Math.floor(next() * 1e9)}`;
    // Sent whether or not the run waits already: a refusal is an outcome too.
    const commandId = crypto.randomUUID();
    const { status } = await target.command(runId, "resume", { payload: { response } }, commandId);
    if (status === 200) {
      known.commands.add(commandId);
      known.answers.set(runId, [...(known.answers.get(runId) ?? []), response]);
    }
  }
}

/** Stops a run in the middle and lets it go on; the gateway may die before, between and after. */
async function steer(target: Gateway, known: Acknowledged, runId: string): Promise<void> {
  for (const type of ["pause", "resume"]) {
    const commandId = crypto.randomUUID();
    const { status } = await target.command(runId, type, {}, commandId);
    if (status === 200) known.commands.add(commandId);
  }
}

/** Lets paused runs go on, answers open questions and waits for the end of every acknowledged run. */
async function finish(target: Gateway, known: Acknowledged): Promise<void> {
  for (const [runId, kind] of known.runs) {
    const run = (await target.get(`/runs/${runId}`)).body;
    if (run.paused) await target.command(runId, "resume");
    if (kind === "ask" && run.status !== "completed") {
      const waiting = await target.until(runId, "waiting");
      if (waiting.status === "waiting") await target.command(runId, "resume", { payload: { response: "late" } });
    }
  }
  for (const runId of known.runs.keys()) await target.follow(runId);
}

test.each(stores)(
  "kill -9 at $rounds random moments, with the $store store, loses nothing, doubles nothing and every run ends",
  async ({ store, rounds }) => {
    const env = { ABSTRACTGATEWAY_STORE_BACKEND: store };
    console.log(`CRASH_SEED=${seed}`);
    const next = random(seed);
    const dataDir = await mkdtemp(join(tmpdir(), "gateway-crash-"));
    const known: Acknowledged = { runs: new Map(), commands: new Set(), answers: new Map() };
    gateway = await startGateway({ dataDir, env });
    for (const each of [loop, ask, timer]) await gateway.upload(each.id, archive(each.id, [each]));
    await gateway.upload("parent", archive("parent", [parent, short]));
    for (let round = 0; round < rounds; round++) {
      const current: Gateway = gateway;
      const clients = Array.from({ length: 4 }, () => work(current, known, next).catch(() => undefined));
      await Bun.sleep(5 + next() * 120);
      await current.kill();
      await Promise.all(clients);
      gateway = await startGateway({ dataDir, env });
    }
    await finish(gateway, known);
    expect(known.runs.size).toBeGreaterThan(rounds);
    for (const [runId, kind] of known.runs) await checkRun(gateway, { runId, kind, turns });
    for (const commandId of known.commands) {
      const { status, body } = await gateway.get(`/commands/${commandId}`);
      expect([status, body.outcome?.status]).toEqual([200, expect.stringMatching(/^(applied|refused|ignored)$/)]);
    }
    await gateway.kill();
    const verified = Bun.spawnSync([...executable, "verify", "--data-dir", dataDir], {
      env: { ...process.env, ...env },
    });
    expect([verified.exitCode, verified.stdout.toString() + verified.stderr.toString()]).toEqual([
      0,
      expect.any(String),
    ]);
    gateway = null;
    await rm(dataDir, { recursive: true, force: true });
  },
  20 * 60_000,
);
