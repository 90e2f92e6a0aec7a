import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { defaultRuntime } from "#core/scope.ts";
import { type Harness, createHarness } from "./harness.ts";

let harness: Harness;
let id: string;
const base = "/api/gateway/webhooks";
/** A public address; nothing is sent here, as no runner runs. */
const url = "https://93.184.215.14/hook";

beforeAll(async () => {
  harness = await createHarness();
  const { status, body } = await harness.request("POST", base, { body: { url, events: ["run.failed"] } });
  expect(status).toBe(200);
  id = body.id;
  await harness.addRun("done", 0, { status: "completed" });
});
afterAll(() => harness.close());

interface Row {
  name: string;
  method?: string;
  path: () => string;
  body?: unknown;
  status: number;
  detail: unknown;
}

const field = (name: string) => expect.arrayContaining([expect.objectContaining({ loc: ["body", name] })]);

const rows: Row[] = [
  { name: "no url", method: "POST", path: () => base, body: {}, status: 422, detail: field("url") },
  {
    name: "a url that is none",
    method: "POST",
    path: () => base,
    body: { url: "hook" },
    status: 400,
    detail: expect.stringContaining("url:"),
  },
  {
    name: "a file",
    method: "POST",
    path: () => base,
    body: { url: "file:///etc/passwd" },
    status: 400,
    detail: expect.stringContaining("not an http or https URL"),
  },
  {
    name: "this machine",
    method: "POST",
    path: () => base,
    body: { url: "http://127.0.0.1:8080/" },
    status: 400,
    detail: expect.stringContaining("127.0.0.1"),
  },
  {
    name: "an event that does not exist",
    method: "POST",
    path: () => base,
    body: { url, events: ["run.born"] },
    status: 400,
    detail: expect.stringContaining("'run.born' is not an event"),
  },
  {
    name: "events that are no list",
    method: "POST",
    path: () => base,
    body: { url, events: "run.failed" },
    status: 422,
    detail: field("events"),
  },
  {
    name: "a secret of the client's own",
    method: "POST",
    path: () => base,
    body: { url, secret: "whsec_x" },
    status: 422,
    detail: field("secret"),
  },
  {
    name: "a change to an address inside the network",
    method: "PATCH",
    path: () => `${base}/${id}`,
    body: { url: "http://10.0.0.1/" },
    status: 400,
    detail: expect.stringContaining("10.0.0.1"),
  },
  {
    name: "a switch that is a word",
    method: "PATCH",
    path: () => `${base}/${id}`,
    body: { enabled: "on" },
    status: 422,
    detail: field("enabled"),
  },
  { name: "an unknown webhook", path: () => `${base}/none`, status: 404, detail: "Webhook 'none' not found" },
  {
    name: "a change of an unknown webhook",
    method: "PATCH",
    path: () => `${base}/none`,
    body: {},
    status: 404,
    detail: "Webhook 'none' not found",
  },
  {
    name: "removing an unknown webhook",
    method: "DELETE",
    path: () => `${base}/none`,
    status: 404,
    detail: "Webhook 'none' not found",
  },
  {
    name: "a test of an unknown webhook",
    method: "POST",
    path: () => `${base}/none/test`,
    body: {},
    status: 404,
    detail: "Webhook 'none' not found",
  },
  {
    name: "deliveries of an unknown webhook",
    path: () => `${base}/none/deliveries`,
    status: 404,
    detail: "Webhook 'none' not found",
  },
  {
    name: "too many deliveries at once",
    path: () => `${base}/${id}/deliveries?limit=201`,
    status: 422,
    detail: expect.arrayContaining([expect.objectContaining({ loc: ["query", "limit"] })]),
  },
  {
    name: "a repetition of a run that is no delivery",
    method: "POST",
    path: () => `${base}/${id}/deliveries/done/redeliver`,
    body: {},
    status: 404,
    detail: "Delivery 'done' not found",
  },
];

describe("bad requests say what is wrong", () => {
  for (const { name, method = "GET", path, body, status, detail } of rows) {
    test(name, async () => {
      const answer = await harness.request(method, path(), body === undefined ? {} : { body });
      expect([answer.status, answer.body.detail]).toEqual([status, detail]);
    });
  }
});

test("every route needs a token", async () => {
  for (const [method, path] of [
    ["GET", base],
    ["POST", base],
    ["DELETE", `${base}/${id}`],
    ["POST", `${base}/${id}/test`],
  ] as const) {
    expect((await harness.request(method, path, { auth: false })).status).toBe(401);
  }
});

test("a webhook is read as it was made, without its secret", async () => {
  const { body } = await harness.request("GET", `${base}/${id}`);
  expect(body).toMatchObject({ id, url, events: ["run.failed"], bundle_ids: [], enabled: true, failing_since: null });
  expect(body).not.toHaveProperty("secret");
});

test("a test message waits in the ledger until a runner takes it", async () => {
  const { body } = await harness.request("POST", `${base}/${id}/test`, { body: {} });
  const { items } = (await harness.request("GET", `${base}/${id}/deliveries`)).body;
  expect(items).toEqual([
    expect.objectContaining({
      id: body.delivery_id,
      message_id: body.message_id,
      status: "pending",
      last_status: null,
    }),
  ]);
});

test("a webhook that was removed is gone, and a second removal says so", async () => {
  const { body } = await harness.request("POST", base, { body: { url } });
  expect(body.secret).toStartWith("whsec_");
  expect((await harness.request("DELETE", `${base}/${body.id}`)).status).toBe(200);
  expect((await harness.request("DELETE", `${base}/${body.id}`)).status).toBe(404);
});

test("who works in another runtime sees none of it, and makes webhooks of their own", async () => {
  const mine = await createHarness({ scope: { runtimeId: "u1" } });
  try {
    const { body } = await mine.request("POST", base, { body: { url } });
    expect((await mine.request("GET", base)).body.items.length).toBe(1);
    await mine.webhooks.store.create({ url }, { runtimeId: defaultRuntime, createdBy: "admin" });
    const [own, other] = mine.webhooks.store.list();
    expect([own?.runtimeId, other?.runtimeId]).toEqual(["u1", defaultRuntime]);
    expect((await mine.request("GET", base)).body.items.map((each: { id: string }) => each.id)).toEqual([body.id]);
    const theirs = `${base}/${other?.id}`;
    for (const [method, path] of [
      ["GET", theirs],
      ["PATCH", theirs],
      ["DELETE", theirs],
      ["POST", `${theirs}/test`],
      ["GET", `${theirs}/deliveries`],
    ] as const) {
      const sent = method === "PATCH" || method === "POST" ? { body: {} } : {};
      expect((await mine.request(method, path, sent)).status).toBe(404);
    }
    expect((await mine.request("POST", `${base}/${body.id}/test`, { body: {} })).status).toBe(200);
  } finally {
    await mine.close();
  }
});
