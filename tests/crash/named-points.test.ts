import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { archive } from "#fixtures/bundles.ts";
import { startGateway } from "#fixtures/gateway.ts";
import { startOpenAiServer } from "#fixtures/openai-server.ts";
import { loop, model, parent, short } from "#fixtures/sample-flows.ts";
import { checkRun } from "./check-run.ts";

/** Where the process kills itself, for the first and for a later pass. */
const points: [store: string, point: string][] = [
  ...["before-commit", "after-commit"].flatMap((name) =>
    [1, 2, 3, 5].map((count): [string, string] => ["sqlite", `${name}:${count}`]),
  ),
  ["file", "before-commit:3"],
  ["file", "after-commit:2"],
  ["file", "checkpoint-begun:1"],
  ["file", "checkpoint-staged:2"],
  ["file", "checkpoint-run:3"],
  ["file", "checkpoint-runs:1"],
  ["file", "checkpoint-tables:1"],
  ["file", "checkpoint-store:1"],
  ["file", "checkpoint-done:1"],
];

for (const [store, point] of points) {
  test(`a process with the ${store} store that dies at ${point} leaves runs that finish as if nothing had happened`, async () => {
    const env = { ABSTRACTGATEWAY_STORE_BACKEND: store };
    const dataDir = await mkdtemp(join(tmpdir(), "gateway-point-"));
    const prepared = await startGateway({ dataDir, env });
    await prepared.upload("loop", archive("loop", [loop]));
    await prepared.upload("parent", archive("parent", [parent, short]));
    await prepared.kill();
    const dying = await startGateway({ dataDir, env: { ...env, ABSTRACTGATEWAY_CRASH_AT: point } });
    const known: { runId: string; kind: "loop" | "parent" }[] = [];
    try {
      for (const kind of ["loop", "parent", "loop", "parent"] as const) {
        known.push({ runId: await dying.start(kind, kind === "loop" ? { end: 101 } : {}), kind });
      }
    } catch {
      // The connection broke: the last start was not acknowledged.
    }
    await dying.process.exited;
    const next = await startGateway({ dataDir, env });
    for (const { runId, kind } of known) {
      await next.follow(runId);
      await checkRun(next, { runId, kind, turns: 100 });
    }
    await next.kill();
    await rm(dataDir, { recursive: true, force: true });
  }, 60_000);
}

for (const [point, calls] of [
  ["effect-started:1", 1],
  ["effect-done:1", 2],
] as const) {
  test(`a process that dies at ${point} asks the model ${calls === 1 ? "once" : "again"}, closes the first attempt and records one outcome`, async () => {
    const server = await startOpenAiServer();
    const dataDir = await mkdtemp(join(tmpdir(), "gateway-effect-"));
    const env = { OPENAI_BASE_URL: `${server.url}/v1`, OPENAI_API_KEY: "test" };
    const prepared = await startGateway({ dataDir, env });
    await prepared.upload("model", archive("model", [model]));
    await prepared.kill();
    const dying = await startGateway({ dataDir, env: { ...env, ABSTRACTGATEWAY_CRASH_AT: point } });
    // The process may die before it has answered; what is in the ledger goes on all the same.
    const input = { prompt: "Hello", provider: "openai-compatible", model: "test-model" };
    await dying.start("model", input).catch(() => undefined);
    await dying.process.exited;
    const next = await startGateway({ dataDir, env });
    const runs = (await next.get("/runs")).body.items as { run_id: string }[];
    expect(runs.length).toBe(1);
    const runId = runs[0]?.run_id ?? "";
    await next.follow(runId);
    const records = await next.ledger(runId);
    const attempts = records
      .filter((record) => record.effect?.type === "llm_call")
      .map((record) => [record.status, record.attempt]);
    expect(attempts).toEqual([
      ["started", 1],
      ["failed", 1],
      ["started", 2],
      ["completed", 2],
    ]);
    expect(server.requests.filter((request) => request.path.endsWith("/chat/completions")).length).toBe(calls);
    await next.kill();
    await server.close();
    await rm(dataDir, { recursive: true, force: true });
  }, 60_000);
}
