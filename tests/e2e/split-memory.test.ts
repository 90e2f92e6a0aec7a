import { afterAll, expect, test } from "bun:test";
import { copyFile, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { archive, exec, flow } from "#fixtures/bundles.ts";
import { startGateway, startRunner } from "#fixtures/gateway.ts";

/* One data folder, two processes: the API asks the graph that the runner writes. */

const models = resolve(import.meta.dirname, "../fixtures/models");
const folder = await mkdtemp(join(tmpdir(), "gateway-split-memory-"));
await mkdir(join(folder, "models"));
await copyFile(join(models, "tiny-embed.gguf"), join(folder, "models/tiny-embed.gguf"));
afterAll(() => rm(folder, { recursive: true, force: true }));

const learns = flow(
  "learns",
  [
    exec("start", "on_flow_start", { out: ["facts:array"] }),
    exec("learn", "memory_kg_assert", {
      in: ["assertions:array", "scope:string"],
      out: ["count:number"],
      defaults: { scope: "global" },
    }),
    exec("end", "on_flow_end", { in: ["count:number"] }),
  ],
  ["start > learn", "learn > end", "start.facts -> learn.assertions", "learn.count -> end.count"],
);
const fact = (name: string, object: string) => ({
  subject: `ex:${name}`,
  predicate: "dcterms:description",
  object,
  attributes: { literal: true },
});

for (const backend of ["lancedb", "sqlite"]) {
  test(`the server without a runner answers with what the runner wrote, on ${backend}, through restarts of either`, async () => {
    const env = {
      ABSTRACTGATEWAY_MEMORY_STORE_BACKEND: backend,
      ABSTRACTGATEWAY_MODELS_DIR: join(folder, "models"),
      ABSTRACTGATEWAY_LOCAL_GPU: "off",
    };
    let gateway = await startGateway({ args: ["--no-runner"], env });
    const { dataDir } = gateway;
    await gateway.upload("learns", archive("learns", [learns]));
    const ask = async (more: object = {}) => {
      const { status, body } = await gateway.post("/kg/query", { scope: "global", order: "asc", ...more });
      expect(status).toBe(200);
      return { objects: body.items.map(({ object }: any) => object) as string[], warnings: body.warnings };
    };
    // Nobody has made a graph yet.
    expect(await ask()).toEqual({ objects: [], warnings: null });
    let runner = await startRunner(dataDir, env);
    const learn = async (...facts: object[]) => {
      const runId = await gateway.start("learns", { facts });
      await gateway.follow(runId);
      expect((await gateway.get(`/runs/${runId}`)).body).toMatchObject({ status: "completed", error: null });
      return runId;
    };
    const first = await learn(fact("a", "the violin and the guitar"), fact("b", "bread from flour and yeast"));
    expect(await ask()).toEqual({
      objects: ["the violin and the guitar", "bread from flour and yeast"],
      warnings: null,
    });
    // By meaning and by words, again and again, while the graph grows.
    await learn(fact("c", "the judge sent him to prison"));
    expect(await ask({ query_text: "a concert of the band", limit: 1 })).toEqual({
      objects: ["the violin and the guitar"],
      warnings: null,
    });
    expect((await ask({ query_text: "judge flour", ranking: "words" })).objects.sort()).toEqual([
      "bread from flour and yeast",
      "the judge sent him to prison",
    ]);
    // What the server itself writes is applied by the runner.
    await gateway.post("/kg/assert", { scope: "global", assertions: [fact("d", "a boat on the river")] });
    expect((await ask({ subject: "ex:d" })).objects).toEqual(["a boat on the river"]);
    await gateway.post("/kg/undo", { run_id: first });
    expect((await ask()).objects).toEqual(["the judge sent him to prison", "a boat on the river"]);
    // Another runner takes up what was committed while there was none.
    runner.kill("SIGKILL");
    await runner.exited;
    await gateway.post("/kg/assert", { scope: "global", dedupe: false, assertions: [fact("e", "green tea")] });
    runner = await startRunner(dataDir, env);
    for (let look = 0; look < 10 && (await ask({ subject: "ex:e" })).objects.length === 0; look++);
    expect(await ask()).toEqual({
      objects: ["the judge sent him to prison", "a boat on the river", "green tea"],
      warnings: null,
    });
    await gateway.kill();
    gateway = await startGateway({ dataDir, args: ["--no-runner"], env });
    expect((await ask()).objects).toHaveLength(3);
    runner.kill("SIGTERM");
    await runner.exited;
    await gateway.close();
  }, 120_000);
}
