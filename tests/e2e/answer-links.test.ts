import { afterAll, beforeAll, expect, test } from "bun:test";
import { archive } from "#fixtures/bundles.ts";
import { type Gateway, startGateway } from "#fixtures/gateway.ts";
import { ask, askLoop } from "#fixtures/sample-flows.ts";

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
  await gateway.upload("ask", archive("ask", [ask]));
  await gateway.upload("ask-loop", archive("ask-loop", [askLoop]));
});
afterAll(async () => {
  expect(await gateway.close()).toBe(0);
});

async function linkOf(runId: string): Promise<string> {
  const { waiting } = await gateway.until(runId, "waiting");
  const { body } = await gateway.post(`/runs/${runId}/waits/${encodeURIComponent(waiting.wait_key)}/link`, {});
  expect(body).toMatchObject({ run_id: runId, wait_key: waiting.wait_key });
  return body.url as string;
}

const post = async (url: string, fields: Record<string, string>) => {
  const answer = await fetch(url, { method: "POST", body: new URLSearchParams(fields) });
  return { status: answer.status, text: await answer.text() };
};

const answers = async (runId: string) =>
  (await gateway.ledger(runId)).filter((record) => record.effect?.type === "resume").map((record) => record.result);

test("a browser without a token answers a question once; the ledger says who did", async () => {
  const runId = await gateway.start("ask");
  const url = await linkOf(runId);
  expect(await (await fetch(url)).text()).toContain("Name?");
  expect(await post(url, { response: "Ada" })).toMatchObject({ status: 200 });
  await gateway.follow(runId);
  expect(await answers(runId)).toEqual([
    { resumed: true, by: { principal: "local/local-admin", client_id: "answer-link" } },
  ]);
  const again = await post(url, { response: "Eve" });
  expect(again).toMatchObject({ status: 410 });
  expect(again.text).toContain("Answered already, by local/local-admin (answer-link).");
});

test("the first answer wins; whoever comes later by the link learns who was faster", async () => {
  const runId = await gateway.start("ask");
  const url = await linkOf(runId);
  const payload = { payload: { response: "Bob" } };
  const body = { command_id: "first", run_id: runId, type: "resume", payload, client_id: "tui" };
  await gateway.post("/commands", body);
  await gateway.follow(runId);
  const late = await post(url, { response: "Eve" });
  expect(late.text).toContain("by local/local-admin (tui)");
  expect(await answers(runId)).toEqual([{ resumed: true, by: { principal: "local/local-admin", client_id: "tui" } }]);
});

test("a link for one turn of a loop does not answer the same question of the next turn", async () => {
  const runId = await gateway.start("ask-loop", { end: 3 });
  const url = await linkOf(runId);
  const seen = (await gateway.get(`/runs/${runId}`)).body.waiting.wait_key;
  expect((await post(url, { response: "one" })).status).toBe(200);
  const second = await linkOf(runId);
  expect((await gateway.get(`/runs/${runId}`)).body.waiting.wait_key).toBe(seen);
  expect((await post(url, { response: "two" })).status).toBe(410);
  expect((await post(second, { response: "two" })).status).toBe(200);
  await gateway.follow(runId);
  expect(await answers(runId)).toHaveLength(2);
});

test("a link outlives a restart of the gateway", async () => {
  const runId = await gateway.start("ask");
  const path = new URL(await linkOf(runId)).pathname;
  await gateway.kill();
  gateway = await startGateway({ dataDir: gateway.dataDir });
  expect(await post(gateway.url + path, { response: "Ada" })).toMatchObject({ status: 200 });
  await gateway.follow(runId);
  expect(await answers(runId)).toHaveLength(1);
});
