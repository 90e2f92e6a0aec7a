import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { archive } from "#fixtures/bundles.ts";
import { type Gateway, executable, startGateway, token } from "#fixtures/gateway.ts";
import { ask, short } from "#fixtures/sample-flows.ts";

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "gateway-gc-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const aMoment = "0.0000001";

describe.each(["sqlite", "file"])("over the %s store,", (store) => {
  const storeEnv = { ABSTRACTGATEWAY_STORE_BACKEND: store };

  async function gc(dataDir: string, ...args: string[]) {
    const child = Bun.spawn([...executable, "gc", "--data-dir", dataDir, ...args], {
      cwd: root,
      env: {
        PATH: process.env["PATH"] ?? "",
        HOME: root,
        ABSTRACTGATEWAY_AUTH_TOKEN: token,
        NO_COLOR: "1",
        ...storeEnv,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const [out, errors, code] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    return { code, out, errors };
  }

  async function withRuns(
    env: Record<string, string> = {},
  ): Promise<{ gateway: Gateway; done: string; waiting: string }> {
    const gateway = await startGateway({ env: { ...env, ...storeEnv } });
    for (const each of [short, ask]) await gateway.upload(each.id, archive(each.id, [each]));
    const waiting = await gateway.start(ask.id);
    await gateway.until(waiting, "waiting");
    const done = await gateway.start(short.id);
    return { gateway, done, waiting };
  }

  test("gc works beside a running gateway and without one; a dry run changes nothing and a live run stays", async () => {
    const { gateway, done, waiting } = await withRuns({ ABSTRACTGATEWAY_GC_INTERVAL_S: "0" });
    await gateway.until(done, "terminal");
    const dry = await gc(gateway.dataDir, "--dry-run", "--runs-days", aMoment);
    expect(dry.out).toContain("nothing was changed");
    expect(dry.out).toMatch(/ended runs +1 +\d+ records, [\d.]+ KB/);
    expect((await gateway.get(`/runs/${done}`)).status).toBe(200);
    expect((await gc(gateway.dataDir, "--json")).out).toContain('"runs": 0');
    const real = JSON.parse((await gc(gateway.dataDir, "--runs-days", aMoment, "--json")).out);
    expect(real).toMatchObject({ dry_run: false, runs: { runs: 1 } });
    expect((await gateway.get(`/runs/${done}`)).status).toBe(404);
    expect((await gateway.get(`/runs/${waiting}`)).body.status).toBe("waiting");
    await gateway.kill();

    const alone = await gc(gateway.dataDir, "--runs-days", aMoment, "--json");
    expect(JSON.parse(alone.out)).toMatchObject({ runs: { runs: 0 } });
    const bad = await gc(gateway.dataDir, "--runs-days", "soon");
    expect([bad.code, bad.errors]).toEqual([2, expect.stringContaining("--runs-days")]);
    await gateway.close();
  });

  test("the process with the runner sweeps by itself", async () => {
    const { gateway, done, waiting } = await withRuns({
      ABSTRACTGATEWAY_GC_INTERVAL_S: "1",
      ABSTRACTGATEWAY_RETENTION_RUNS_DAYS: aMoment,
    });
    const until = Date.now() + 15_000;
    while ((await gateway.get(`/runs/${done}`)).status !== 404 && Date.now() < until) await Bun.sleep(50);
    expect((await gateway.get(`/runs/${done}`)).status).toBe(404);
    expect((await gateway.get(`/runs/${waiting}`)).body.status).toBe("waiting");
    const answer = await gateway.command(waiting, "resume", { payload: { response: "Ada" } });
    expect(answer.status).toBe(200);
    await gateway.close();
  }, 30_000);

  test("after its states were compacted a run says so where somebody asks for one in the middle", async () => {
    const { gateway, waiting } = await withRuns({ ABSTRACTGATEWAY_GC_INTERVAL_S: "0" });
    const at = (await gateway.ledger(waiting)).length;
    await gateway.command(waiting, "resume", { payload: { response: "Ada" } });
    await gateway.until(waiting, "terminal");
    const state = (cursor: string) => gateway.get(`/runs/${waiting}/state${cursor}`);
    expect((await state(`?at=${at}`)).status).toBe(200);
    const last = (await state("")).body;
    const swept = JSON.parse((await gc(gateway.dataDir, "--states-days", aMoment, "--json")).out);
    expect(swept.states.runs).toBeGreaterThanOrEqual(1);
    expect((await state("")).body).toEqual(last);
    expect((await state("?at=0")).status).toBe(200);
    for (const answer of [await state(`?at=${at}`), await gateway.post(`/runs/${waiting}/fork`, { at })]) {
      expect([answer.status, answer.body.detail]).toEqual([409, expect.stringContaining(String(at))]);
    }
    expect((await gateway.ledger(waiting)).length).toBe(last.head);
    await gateway.close();
  }, 30_000);
});
