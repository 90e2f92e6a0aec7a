import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Webhook } from "standardwebhooks";
import { archive } from "#fixtures/bundles.ts";
import { type Gateway, startGateway } from "#fixtures/gateway.ts";
import { startOpenAiServer } from "#fixtures/openai-server.ts";
import { ask, model, short } from "#fixtures/sample-flows.ts";
import { type Received, type WebhookReceiver, startWebhookReceiver } from "#fixtures/webhook-receiver.ts";

let gateway: Gateway;
let receiver: WebhookReceiver;
const env = () => ({
  ABSTRACTGATEWAY_ALLOWED_HOSTS: receiver.host,
  ABSTRACTGATEWAY_WEBHOOK_RETRY_S: "0.05,0.05",
});

beforeAll(async () => {
  receiver = startWebhookReceiver();
  gateway = await startGateway({ env: env() });
  for (const each of [short, ask]) await gateway.upload(each.id, archive(each.id, [each]));
});
afterAll(async () => {
  await gateway?.close();
  await receiver?.close();
});

const about = (runId: string, type: string) => (received: Received) =>
  received.body.data.run_id === runId && received.body.type === type;

/** Deliveries as they are when the predicate holds; a delivery is a run, so its end is followed, not polled. */
async function delivered(webhookId: string, deliveryId: string): Promise<any> {
  await gateway.follow(deliveryId);
  const { body } = await gateway.get(`/webhooks/${webhookId}/deliveries`);
  return body.items.find((each: { id: string }) => each.id === deliveryId);
}

async function withWebhook(more: object, work: (webhook: any) => Promise<void>): Promise<void> {
  const { status, body } = await gateway.post("/webhooks", { url: receiver.url, ...more });
  expect(status).toBe(200);
  try {
    await work(body);
  } finally {
    await gateway.request("DELETE", `/webhooks/${body.id}`);
  }
}

test("a run's start, question and end are told, signed so that the reference library believes them", async () => {
  await withWebhook({}, async (webhook) => {
    const runId = await gateway.start("ask");
    const waiting = await receiver.until(about(runId, "run.waiting"));
    expect(waiting.body.data).toMatchObject({ status: "waiting", bundle_id: "ask", wait: { reason: "user" } });
    await gateway.command(runId, "resume", { payload: { response: "yes" } });
    const completed = await receiver.until(about(runId, "run.completed"));
    await receiver.until(about(runId, "run.started"));
    const verifier = new Webhook(webhook.secret);
    for (const message of [waiting, completed]) expect(verifier.verify(message.text, message.headers)).toBeTruthy();
    expect(() => verifier.verify(`${completed.text} `, completed.headers)).toThrow();
    expect(completed.body.data).not.toHaveProperty("output");
  });
});

test("filters by event, bundle and session hold", async () => {
  await withWebhook({ events: ["run.completed"], session_ids: ["wanted"], bundle_ids: ["short"] }, async () => {
    const before = receiver.received.length;
    await gateway.follow(await gateway.start("short", {}, { session_id: "other" }));
    const asking = await gateway.start("ask", {}, { session_id: "wanted" });
    await gateway.until(asking, "waiting");
    const runId = await gateway.start("short", {}, { session_id: "wanted" });
    await receiver.until(about(runId, "run.completed"));
    expect(receiver.received.slice(before).map(({ body }) => [body.type, body.data.run_id])).toEqual([
      ["run.completed", runId],
    ]);
  });
});

test("a run of a schedule counts as a run of its own", async () => {
  await withWebhook({ events: ["run.started", "run.completed"], bundle_ids: ["short"] }, async () => {
    const from = receiver.received.length;
    const { body } = await gateway.post("/runs/schedule", { bundle_id: "short", flow_id: "short", input_data: {} });
    const ended = await receiver.until(
      ({ body: { type, data } }) => type === "run.completed" && data.parent_run_id === body.run_id,
    );
    await receiver.until(about(ended.body.data.run_id, "run.started"));
    const told = receiver.received.slice(from).map(({ body: { data } }) => data.run_id);
    expect(new Set(told)).toEqual(new Set([ended.body.data.run_id]));
  });
});

test("a receiver that fails is asked again with the same id; each attempt is in the ledger", async () => {
  await withWebhook({ events: ["run.completed"] }, async (webhook) => {
    receiver.answers.push(500, 302);
    const from = receiver.received.length;
    await gateway.follow(await gateway.start("short"));
    const { items } = (await gateway.get(`/webhooks/${webhook.id}/deliveries`)).body;
    const delivery = await delivered(webhook.id, items[0].id);
    expect(delivery).toMatchObject({ status: "delivered", event: "run.completed", last_status: 204 });
    const ids = receiver.received.slice(from).map(({ headers }) => headers["webhook-id"]);
    expect(ids).toEqual([delivery.message_id, delivery.message_id, delivery.message_id]);
    const attempts = (await gateway.ledger(delivery.id)).filter(({ result }) => result?.delivered !== undefined);
    expect(attempts.map(({ result }) => result.status)).toEqual([500, 302, 204]);
    expect((await gateway.get(`/webhooks/${webhook.id}`)).body).toMatchObject({ enabled: true, failing_since: null });
  });
});

test("a delivery that failed for good is sent again on demand, under the same id", async () => {
  await withWebhook({ events: ["run.completed"] }, async (webhook) => {
    receiver.answers.push(500, 500, 500);
    await gateway.follow(await gateway.start("short"));
    const { items } = (await gateway.get(`/webhooks/${webhook.id}/deliveries`)).body;
    const lost = await delivered(webhook.id, items[0].id);
    expect(lost).toMatchObject({ status: "failed", last_status: 500, last_error: "The receiver answered 500" });
    expect((await gateway.get(`/webhooks/${webhook.id}`)).body).toMatchObject({ last_error: lost.last_error });
    const again = await gateway.post(`/webhooks/${webhook.id}/deliveries/${lost.id}/redeliver`, {});
    expect(again.body.message_id).toBe(lost.message_id);
    expect(await delivered(webhook.id, again.body.delivery_id)).toMatchObject({ status: "delivered" });
  });
});

test("a receiver that wants no more is switched off, and on again by its owner", async () => {
  await withWebhook({}, async (webhook) => {
    receiver.answers.push(410);
    const first = (await gateway.post(`/webhooks/${webhook.id}/test`, {})).body;
    expect(await delivered(webhook.id, first.delivery_id)).toMatchObject({ status: "failed", event: "webhook.test" });
    const off = (await gateway.get(`/webhooks/${webhook.id}`)).body;
    expect(off).toMatchObject({ enabled: false, disabled_reason: expect.stringContaining("410") });
    const from = receiver.received.length;
    await gateway.follow(await gateway.start("short"));
    const on = await gateway.request("PATCH", `/webhooks/${webhook.id}`, { enabled: true });
    expect(on.body).toMatchObject({ enabled: true, disabled_reason: null });
    const runId = await gateway.start("short");
    await receiver.until(about(runId, "run.completed"));
    expect(receiver.received.slice(from).every(({ body }) => body.data.run_id === runId)).toBe(true);
  });
});

test("a new secret signs beside the old one", async () => {
  await withWebhook({}, async (webhook) => {
    const { body } = await gateway.request("PATCH", `/webhooks/${webhook.id}`, { rotate_secret: true });
    expect(body.secret).not.toBe(webhook.secret);
    const { message_id: id } = (await gateway.post(`/webhooks/${webhook.id}/test`, {})).body;
    const message = await receiver.until(({ headers }) => headers["webhook-id"] === id);
    for (const secret of [webhook.secret, body.secret]) new Webhook(secret).verify(message.text, message.headers);
    expect((await gateway.get("/webhooks")).body.items[0]).not.toHaveProperty("secret");
    const stored = await readFile(join(gateway.dataDir, "config", "webhooks.json"), "utf8");
    expect(stored).not.toContain(body.secret.slice("whsec_".length));
  });
});

test("an address inside the network is refused when it is named", async () => {
  const { status, body } = await gateway.post("/webhooks", { url: "http://169.254.169.254/latest" });
  expect(status).toBe(400);
  expect(body.detail).toContain("169.254.169.254");
});

test("deliveries are not among the runs", async () => {
  await withWebhook({}, async (webhook) => {
    const { delivery_id: id } = (await gateway.post(`/webhooks/${webhook.id}/test`, {})).body;
    await gateway.follow(id);
    const { items } = (await gateway.get("/runs?limit=500")).body;
    expect(items.some((run: { run_id: string }) => run.run_id === id)).toBe(false);
  });
});

test.each(["sqlite", "file"])(
  "kill -9 right after the commit loses no message (%s)",
  async (ABSTRACTGATEWAY_STORE_BACKEND) => {
    const dataDir = await mkdtemp(join(tmpdir(), "gateway-test-"));
    const hook = startWebhookReceiver();
    const own = { ...env(), ABSTRACTGATEWAY_ALLOWED_HOSTS: hook.host, ABSTRACTGATEWAY_STORE_BACKEND };
    try {
      // The first gateway makes the webhook; the second dies at the durable commit of the run's end, before anybody could send.
      const first = await startGateway({ dataDir, env: own });
      await first.upload("short", archive("short", [short]));
      await first.post("/webhooks", { url: hook.url, events: ["run.completed"] });
      await first.kill();
      const second = await startGateway({ dataDir, env: { ...own, ABSTRACTGATEWAY_CRASH_AT: "after-commit:1" } });
      const started = second.start("short").catch(() => null);
      await second.process.exited;
      await started;
      expect(hook.received).toEqual([]);
      const restartMs = Date.now();
      const third = await startGateway({ dataDir, env: own });
      const message = await hook.until(({ body }) => body.type === "run.completed");
      // It was made by the process that died, and not by one that ran the flow again.
      expect(Date.parse(message.body.timestamp)).toBeLessThan(restartMs);
      await third.close();
      expect(new Set(hook.received.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
    } finally {
      await hook.close();
      await rm(dataDir, { recursive: true, force: true });
    }
  },
);

test("a process that dies while it sends sends again", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "gateway-test-"));
  const hook = startWebhookReceiver();
  const own = { ...env(), ABSTRACTGATEWAY_ALLOWED_HOSTS: hook.host };
  try {
    hook.answers.push(null);
    const first = await startGateway({ dataDir, env: own });
    const { body: webhook } = await first.post("/webhooks", { url: hook.url });
    const { message_id: id } = (await first.post(`/webhooks/${webhook.id}/test`, {})).body;
    await hook.until(({ headers }) => headers["webhook-id"] === id);
    await first.kill();
    const second = await startGateway({ dataDir, env: own });
    const seen = hook.received.length;
    await hook.until((received) => hook.received.indexOf(received) >= seen && received.headers["webhook-id"] === id);
    await second.close();
  } finally {
    await hook.close();
    await rm(dataDir, { recursive: true, force: true });
  }
});

test("a receiver that hangs does not hold up model calls", async () => {
  const hook = startWebhookReceiver();
  const server = await startOpenAiServer();
  const own = await startGateway({
    env: {
      ABSTRACTGATEWAY_ALLOWED_HOSTS: hook.host,
      ABSTRACTGATEWAY_MAX_EFFECTS: "1",
      ABSTRACTGATEWAY_GRACE_MS: "50",
      OPENAI_BASE_URL: `${server.url}/v1`,
      OPENAI_API_KEY: "test",
    },
  });
  try {
    await own.upload("model", archive("model", [model]));
    const { body: webhook } = await own.post("/webhooks", { url: hook.url, events: ["run.failed"] });
    hook.answers.push(null);
    const { message_id: id } = (await own.post(`/webhooks/${webhook.id}/test`, {})).body;
    await hook.until(({ headers }) => headers["webhook-id"] === id);
    const input = { prompt: "Hello", provider: "openai-compatible", model: "test-model" };
    const runId = await own.start("model", input);
    await own.follow(runId);
    expect((await own.get(`/runs/${runId}`)).body.status).toBe("completed");
    expect((await own.get(`/webhooks/${webhook.id}/deliveries`)).body.items[0].status).toBe("pending");
  } finally {
    await own.close();
    await server.close();
    await hook.close();
  }
});
