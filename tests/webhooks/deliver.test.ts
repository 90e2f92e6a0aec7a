import { beforeEach, expect, test } from "bun:test";
import { AppError } from "#core/errors.ts";
import type { WebhookAttempt } from "#core/webhook.ts";
import type { EffectContext } from "#effects/effect-handler.ts";
import { type DeliverDependencies, webhookDeliveryHandler } from "#webhooks/deliver.ts";
import type { Subscription } from "#webhooks/subscription.ts";
import { WebhookHealth } from "#webhooks/webhook-health.ts";
import { type Document, WebhookStore } from "#webhooks/webhook-store.ts";

let nowMs: number;
let store: WebhookStore;
let health: WebhookHealth;
let subscription: Subscription;
let answers: (() => { status: number; headers: Headers })[];
let sent: { url: string; body: string; headers: Record<string, string> }[];
let reports: string[];

const hour = 3_600_000;
const minute = 60_000;

/** A document that many can hold, as a file is. */
function memory(): Document {
  let text = "null";
  return {
    read: () => JSON.parse(text) as unknown,
    write: async (value) => void (text = JSON.stringify(value)),
  };
}

const box = {
  seal: (secret: string, name: string) => `${name}/${secret}`,
  open: (sealed: string) => sealed.split("/").slice(1).join("/"),
};
const status =
  (code: number, headers: Record<string, string> = {}) =>
  () => ({ status: code, headers: new Headers(headers) });

beforeEach(async () => {
  nowMs = Date.parse("2026-11-27T12:00:00Z");
  store = new WebhookStore({ file: memory(), box, now: () => nowMs, newId: () => crypto.randomUUID() });
  health = new WebhookHealth(memory());
  ({ subscription } = await store.create(
    { url: "https://example.com/hook" },
    { runtimeId: "default", createdBy: "me" },
  ));
  answers = [];
  sent = [];
  reports = [];
});

async function attempt(
  number = 1,
  changes: Partial<DeliverDependencies> = {},
  type = "run.completed",
): Promise<WebhookAttempt> {
  const handler = webhookDeliveryHandler({
    store,
    health,
    send: async (url, { body, headers }) => {
      sent.push({ url, body, headers });
      return (answers.shift() ?? status(204))();
    },
    now: () => nowMs,
    random: () => 0.5,
    retryDelaysMs: [5000, minute],
    disableAfterMs: 24 * hour,
    report: (message) => reports.push(message),
    ...changes,
  });
  const payload = { webhook_id: subscription.id, message_id: "msg_1", attempt: number };
  const vars = { webhook: { message: { type, timestamp: "t", data: { run_id: "r" } } } };
  const context = { vars, signal: new AbortController().signal } as unknown as EffectContext;
  const { outcome } = await handler.run({ type: "webhook_delivery", payload, result_key: null }, context);
  if (outcome.status !== "completed") throw new Error("an attempt always comes to something");
  return outcome.result as unknown as WebhookAttempt;
}

const inMs = (result: WebhookAttempt) => Date.parse(result.retry_at ?? "") - nowMs;

test("each failure waits as long as its turn says, give or take a fifth, and the last one is the end", async () => {
  answers.push(status(500), status(500), status(500), status(500));
  expect(inMs(await attempt(1))).toBe(5000);
  expect(inMs(await attempt(1, { random: () => 0 }))).toBe(4000);
  expect(inMs(await attempt(2, { random: () => 1 }))).toBe(1.2 * minute);
  expect(await attempt(3)).toEqual({
    delivered: false,
    status: 500,
    error: "The receiver answered 500",
    retry_at: null,
  });
});

test("a receiver that says when is asked then, but not after more than a day", async () => {
  answers.push(
    status(429, { "retry-after": "120" }),
    status(503, { "retry-after": "9999999" }),
    status(503, { "retry-after": "soon" }),
  );
  expect(inMs(await attempt())).toBe(2 * minute);
  expect(inMs(await attempt())).toBe(24 * hour);
  expect(inMs(await attempt())).toBe(5000);
});

test("a receiver that cannot be reached, or may not be, is a failed attempt with the reason", async () => {
  answers.push(() => {
    throw new AppError("forbidden", "example.com has the address 10.0.0.1");
  });
  expect(await attempt()).toMatchObject({
    delivered: false,
    status: null,
    error: "example.com has the address 10.0.0.1",
  });
});

test("after failing for long enough a webhook is switched off with a note, and nothing more is sent to it but tests", async () => {
  answers.push(status(500), status(500));
  await attempt();
  nowMs += 23 * hour;
  expect((await attempt(2)).retry_at).not.toBeNull();
  expect(health.isActive(subscription)).toBe(true);
  nowMs += hour;
  answers.push(status(500));
  expect(await attempt(2)).toMatchObject({ delivered: false, retry_at: null });
  expect(health.isActive(subscription)).toBe(false);
  expect(health.of(subscription)?.note).toBe("It failed for 24 hours: The receiver answered 500");
  expect(reports).toEqual([
    `The webhook ${subscription.id} was switched off. It failed for 24 hours: The receiver answered 500`,
  ]);
  const before = sent.length;
  expect(await attempt()).toMatchObject({ delivered: false, error: "The webhook is switched off", retry_at: null });
  expect(sent.length).toBe(before);
  expect((await attempt(1, {}, "webhook.test")).delivered).toBe(true);
});

test("one success, or its owner, forgives all failures before", async () => {
  answers.push(status(500));
  await attempt();
  nowMs += 23 * hour;
  expect((await attempt()).delivered).toBe(true);
  expect(health.of(subscription)).toBeNull();
  answers.push(status(410));
  await attempt();
  expect(health.isActive(subscription)).toBe(false);
  nowMs += 1000;
  ({ subscription } = await store.change(subscription.id, { enabled: true }));
  expect(health.isActive(subscription)).toBe(true);
  nowMs += 10 * hour;
  answers.push(status(500));
  // The failures before do not count towards the day.
  expect((await attempt()).retry_at).not.toBeNull();
});

test("a webhook that was removed meanwhile gets nothing", async () => {
  await store.remove(subscription.id);
  expect(await attempt()).toMatchObject({ delivered: false, error: "The webhook was removed", retry_at: null });
  expect(sent).toEqual([]);
});

test("a secret that was replaced signs for a day more", async () => {
  await store.change(subscription.id, { rotateSecret: true });
  await attempt();
  nowMs += 25 * hour;
  await attempt();
  const signatures = sent.map(({ headers }) => headers["webhook-signature"]?.split(" ").length);
  expect(signatures).toEqual([2, 1]);
});

test("webhooks of another process stay when this one makes its own, two at once", async () => {
  const file = memory();
  const options = { file, box, now: () => nowMs, newId: () => crypto.randomUUID() };
  const [one, two] = [new WebhookStore(options), new WebhookStore(options)];
  const owner = { runtimeId: "default", createdBy: "me" };
  expect(two.list()).toEqual([]);
  const { subscription: made } = await one.create({ url: "https://one.example" }, owner);
  // A delivery of it may reach the other process before its next look.
  expect(two.get(made.id)).toEqual(made);
  await Promise.all([
    two.create({ url: "https://two.example" }, owner),
    two.create({ url: "https://three.example" }, owner),
  ]);
  expect(new WebhookStore(options).list().map(({ url }) => url)).toEqual([
    "https://one.example",
    "https://two.example",
    "https://three.example",
  ]);
});
