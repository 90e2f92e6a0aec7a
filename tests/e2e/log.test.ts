import { afterEach, expect, test } from "bun:test";
import { archive } from "#fixtures/bundles.ts";
import { type Gateway, startGateway, token } from "#fixtures/gateway.ts";
import { type OpenAiServer, startOpenAiServer } from "#fixtures/openai-server.ts";
import { ask, model } from "#fixtures/sample-flows.ts";

let gateway: Gateway;
let server: OpenAiServer;

afterEach(async () => {
  await gateway.close();
  await server.close();
});

async function open(level: string): Promise<void> {
  server = await startOpenAiServer();
  gateway = await startGateway({
    env: {
      ABSTRACTGATEWAY_LOG_FORMAT: "json",
      ABSTRACTGATEWAY_LOG_LEVEL: level,
      ABSTRACTGATEWAY_NO_SUCH_THING: "1",
      OPENAI_BASE_URL: `${server.url}/v1`,
      OPENAI_API_KEY: "sk-very-secret",
    },
  });
  for (const each of [ask, model]) await gateway.upload(each.id, archive(each.id, [each]));
}

/** The log; the greeting is on stdout. */
const lines = (): any[] =>
  gateway.output
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));

/** Resolves when a line fits: the process writes it after it has answered. */
async function line(fits: (line: any) => boolean): Promise<any> {
  for (const untilMs = Date.now() + 5000; Date.now() < untilMs; await Bun.sleep(5)) {
    const found = lines().find(fits);
    if (found) return found;
  }
  throw new Error(`no such line in ${gateway.output}`);
}

test("requests, commands and what becomes of runs are lines with the ids that belong together, and no secrets", async () => {
  await open("debug");
  const runId = await gateway.start("ask");
  await gateway.until(runId, "waiting");
  await gateway.command(runId, "resume", { payload: { response: "a very private answer" } }, "c-1");
  await gateway.follow(runId);
  const prompt = "a very private prompt";
  const asked = await gateway.start("model", { prompt, provider: "openai-compatible", model: "test-model" });
  await gateway.follow(asked);
  const { headers } = await gateway.get(`/runs/${runId}?hidden=value`);
  expect(await line(({ message, run_id }) => message === "Run started" && run_id === runId)).toMatchObject({
    level: "info",
    time: expect.any(String),
    workflow_id: expect.stringContaining("ask"),
  });
  expect(await line(({ message, run_id }) => message === "Run waits" && run_id === runId)).toMatchObject({
    node: "ask",
    reason: "user",
  });
  await line(
    (each) => each.message === "Command resume accepted" && each.command_id === "c-1" && each.run_id === runId,
  );
  expect(await line(({ message, run_id }) => message === "Run completed" && run_id === runId)).toMatchObject({
    duration_ms: expect.any(Number),
  });
  expect(await line(({ message }) => message === "Effect llm_call completed")).toMatchObject({
    level: "debug",
    run_id: asked,
    node: expect.any(String),
    duration_ms: expect.any(Number),
  });
  const id = headers.get("x-request-id");
  expect(await line(({ request_id }) => request_id === id)).toMatchObject({
    message: "Request",
    method: "GET",
    path: `/api/gateway/runs/${runId}`,
    run_id: runId,
    status: 200,
  });
  await line(({ level, message }) => level === "warn" && message.includes("ABSTRACTGATEWAY_NO_SUCH_THING"));
  for (const secret of [token, "very-secret", "very private", "hidden"]) expect(gateway.output).not.toContain(secret);
});

test("by default there are only warnings", async () => {
  await open("warn");
  await gateway.follow(await gateway.start("ask"), ({ data }) => data.record?.status === "waiting");
  expect(lines().map(({ level }) => level)).toEqual(["warn"]);
});
