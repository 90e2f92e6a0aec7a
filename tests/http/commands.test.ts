import { afterAll, beforeAll, expect, test } from "bun:test";
import { PyFloat } from "#core/value.ts";
import { type Harness, createHarness } from "./harness.ts";

let gateway: Harness;

beforeAll(async () => {
  gateway = await createHarness();
  await gateway.addRun("r", 1);
});

afterAll(() => gateway.close());

const path = "/api/gateway/commands";
const post = (body: unknown) =>
  gateway.request("POST", path, { body, headers: { "content-type": "application/json" } });

test("a command is stored once, and the same id again is no error", async () => {
  const first = await post({
    command_id: "c-1",
    run_id: "r",
    type: "resume",
    payload: { payload: { response: "Bob" } },
    client_id: "web",
  });
  expect([first.status, first.body]).toEqual([200, { accepted: true, duplicate: false, seq: expect.any(Number) }]);
  const again = await post({ command_id: "c-1", run_id: "other", type: "cancel" });
  expect([again.status, again.body]).toEqual([200, { accepted: false, duplicate: true, seq: first.body.seq }]);
  expect(await gateway.ledger.getCommand("c-1")).toMatchObject({
    run_id: "r",
    type: "resume",
    payload: { payload: { response: "Bob" } },
    client_id: "web",
    principal: "local/local-admin",
  });
});

test("what became of a command can be asked", async () => {
  const { body } = await post({ command_id: "c-2", run_id: "r", type: "pause", ts: "2026-11-23T00:00:00Z" });
  const open = { command_id: "c-2", run_id: "r", type: "pause", seq: body.seq, ts: "2026-11-23T00:00:00Z" };
  expect((await gateway.request("GET", `${path}/c-2`)).body).toEqual({ ...open, applied_at: null, outcome: null });
  const outcome = { status: "applied" as const, message: "Paused the run and its children" };
  await gateway.ledger.commit({ outcomes: [{ seq: body.seq, outcome, applied_at: "2026-11-23T00:00:01+00:00" }] });
  expect((await gateway.request("GET", `${path}/c-2`)).body).toEqual({
    ...open,
    applied_at: "2026-11-23T00:00:01+00:00",
    outcome,
  });
});

test("a blank id is made by the server, a blank time is now", async () => {
  const first = await post({ command_id: " ", run_id: "r", type: "pause", ts: "" });
  const second = await post({ command_id: "", run_id: "r", type: "pause" });
  expect([first.body.duplicate, second.body.duplicate]).toEqual([false, false]);
  expect(second.body.seq).toBeGreaterThan(first.body.seq);
});

test("the payload keeps floats, and a resume keeps whether it has a payload", async () => {
  await post('{"command_id":"c-3","run_id":"r","type":"resume","payload":{"payload":{"response":5.0}}}');
  expect((await gateway.ledger.getCommand("c-3"))?.payload).toEqual({ payload: { response: new PyFloat(5) } });
  await post({ command_id: "c-4", run_id: "r", type: "resume" });
  expect((await gateway.ledger.getCommand("c-4"))?.payload).toEqual({});
});

test("a command for a run that nobody knows is accepted", async () => {
  expect((await post({ command_id: "c-5", run_id: "nobody", type: "cancel" })).body.accepted).toBe(true);
});

test("another type is refused with the types that there are", async () => {
  const { status, body } = await post({ command_id: "c-6", run_id: "r", type: "explode" });
  expect([status, body]).toEqual([
    400,
    { detail: "type must be one of pause|resume|cancel|emit_event|update_schedule|compact_memory" },
  ]);
});

test("a blank run is refused", async () => {
  const { status, body } = await post({ command_id: "c-7", run_id: " ", type: "pause" });
  expect([status, body]).toEqual([400, { detail: "Failed to append command: CommandRecord.run_id must be non-empty" }]);
  expect(await gateway.ledger.getCommand("c-7")).toBeNull();
});
