import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Gateway, startGateway } from "#fixtures/gateway.ts";
import { png } from "#fixtures/media-bytes.ts";
import { type MediaServer, startMediaServer } from "#fixtures/media-server.ts";

/* A process that dies while something is made: one finished run, and one artifact of one request. */
let server: MediaServer;
let dataDir: string;
const anchor = "session_memory_s-crash";
const wish = { prompt: "a kite", request_id: "kite-1" };

beforeEach(async () => {
  server = startMediaServer();
  dataDir = await mkdtemp(join(tmpdir(), "gateway-media-crash-"));
});
afterEach(async () => {
  await server.close();
  await rm(dataDir, { recursive: true, force: true });
});

const start = (more: Record<string, string> = {}) =>
  startGateway({
    dataDir,
    env: {
      ABSTRACTGATEWAY_PROBE_SERVERS: "0",
      ABSTRACTGATEWAY_OPENAI_ENDPOINTS: JSON.stringify([{ id: "studio", baseUrl: `${server.url}/v1` }]),
      ABSTRACTGATEWAY_IMAGE_MODEL: "studio/painter",
      ...more,
    },
  });
const make = (gateway: Gateway) => gateway.post(`/runs/${anchor}/images/generate`, wish);
const picture = (blue: number) => Response.json({ data: [{ b64_json: png(4, 4, [0, 0, blue]).toString("base64") }] });
const calls = () => server.requests.filter(({ path }) => path.endsWith("/images/generations")).length;

/** The request once more, to the process that took over; what it answers is all that there is. */
async function takenOver(): Promise<{ answer: any; runs: any[]; artifacts: any[] }> {
  const next = await start();
  const { body: answer } = await make(next);
  const { body: runs } = await next.get("/runs?limit=50");
  const { body: artifacts } = await next.get("/artifacts/search?modality=image");
  await next.kill();
  return { answer, runs: runs.items.filter((run: any) => run.parent_run_id === anchor), artifacts: artifacts.items };
}

test.each([
  ["effect-started:1", 1],
  ["effect-done:1", 2],
])("a process that dies at %s: the provider is asked %i times, and there is one artifact", async (point, asked) => {
  server.replies.push(picture(1), picture(2));
  const dying = await start({ ABSTRACTGATEWAY_CRASH_AT: point });
  await make(dying).catch(() => undefined);
  await dying.process.exited;
  const { answer, runs, artifacts } = await takenOver();
  expect(calls()).toBe(asked);
  expect(answer).toMatchObject({ ok: true, request_id: "kite-1", child_run_id: runs[0].run_id });
  expect(runs.map(({ status }) => status)).toEqual(["completed"]);
  expect(artifacts.map(({ artifact_id }) => artifact_id)).toEqual([answer.image_artifact.$artifact]);
});

test("kill -9 while the provider works: the same request finds the run that goes on", async () => {
  server.replies.push("hang", picture(3));
  const killed = await start();
  const reached = server.next("/images/generations");
  const lost = make(killed).catch(() => "lost");
  await reached;
  await killed.kill();
  expect(await lost).toBe("lost");
  const { answer, runs, artifacts } = await takenOver();
  expect(answer).toMatchObject({ ok: true, child_run_id: runs[0].run_id });
  expect([runs.length, artifacts.length, calls()]).toEqual([1, 1, 2]);
});
