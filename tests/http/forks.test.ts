import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Wait } from "#core/run.ts";
import { type Harness, createHarness } from "./harness.ts";

let gateway: Harness;
const api = "/api/gateway/runs";

const question: Wait = {
  reason: "user",
  wait_key: "user:asks:q",
  until: null,
  resume_to_node: "end",
  result_key: null,
  prompt: "Name?",
  choices: null,
  allow_free_text: true,
  details: null,
};

beforeAll(async () => {
  gateway = await createHarness();
  const asks = await gateway.addRun("asks", 2, {}, '{"prompt":"hi","_runtime":{"x":1},"n":5.0}');
  await asks.write(2, { status: "waiting", node_id: "q", wait: question });
  const done = await gateway.addRun("done", 2);
  await done.finish();
  await gateway.addRun("timetable", 1, { schedule_id: "timetable", workflow_id: "scheduled:timetable" });
  await gateway.addRun("inner", 1, { workflow_id: "visual_react_agent_a" });
});

afterAll(() => gateway.close());

const fork = (runId: string, body: unknown = {}, headers: Record<string, string> = {}) =>
  gateway.request("POST", `${api}/${runId}/fork`, { body, headers });
const get = async (path: string) => (await gateway.request("GET", `${api}${path}`)).body;

test("a fork is a run of its own, whose summary, list entry and history say where it comes from", async () => {
  const { status, body } = await fork("asks");
  const [, , , fourth] = await gateway.ledger.readRecords("asks", 0, { limit: 10 });
  const forked_from = { run_id: "asks", cursor: 4, record_hash: fourth?.hash as string };
  expect([status, body]).toEqual([200, { run_id: expect.any(String), forked_from }]);
  const run = await get(`/${body.run_id}`);
  expect(run).toMatchObject({
    forked_from,
    status: "waiting",
    current_node: "q",
    session_id: "s1",
    parent_run_id: null,
  });
  expect(run.waiting).toMatchObject({ wait_key: `user:${body.run_id}:q`, prompt: "Name?" });
  const listed = (await get("")).items.find((item: any) => item.run_id === body.run_id);
  expect(listed.forked_from).toEqual(forked_from);
  expect((await get(`/${body.run_id}/input_data`)).input_data).toMatchObject({ prompt: "hi" });
  const second = await fork(body.run_id, { input_data: { prompt: "ho" } });
  const history = await get(`/${second.body.run_id}/history_bundle?include_lineage=true`);
  expect(history.input_data.prompt).toBe("ho");
  expect(history.lineage.map((each: any) => [each.run_id, each.cursor, each.available, each.ledger.length])).toEqual([
    [body.run_id, 2, true, 2],
    ["asks", 4, true, 4],
  ]);
  expect(history.lineage[1].ledger[3].record.record_hash).toBe(fourth?.hash);
  await gateway.ledger.deleteRuns(["asks-none", body.run_id]);
  const after = await get(`/${second.body.run_id}/history_bundle`);
  expect(after.lineage).toEqual([
    { run_id: body.run_id, cursor: 2, record_hash: expect.any(String), workflow_id: null, available: false },
  ]);
});

describe("the state of a run", () => {
  test("is shown as of a cursor: vars, place and what it waited for, without the engine's own vars", async () => {
    expect(await get("/asks/state?at=2")).toEqual({
      run_id: "asks",
      cursor: 2,
      head: 4,
      status: "running",
      node_id: "a",
      waiting: null,
      record_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      can_fork: true,
      vars: { prompt: "hi", n: 5 },
    });
    expect(await get("/asks/state")).toMatchObject({ cursor: 4, status: "waiting", waiting: { prompt: "Name?" } });
    expect(await get("/asks/state?at=3")).toMatchObject({ cursor: 2 });
    expect(await get("/asks/state?at=0&include_internal=true")).toMatchObject({
      cursor: 0,
      record_hash: null,
      vars: { _runtime: { x: 1 } },
    });
    expect(await get("/done/state")).toMatchObject({ status: "completed", can_fork: false });
  });

  test("keeps whole floats as floats", async () => {
    expect((await gateway.request("GET", `${api}/asks/state`)).text).toContain('"n":5.0');
  });
});

describe("refused forks", () => {
  const rows: [name: string, runId: string, body: object, status: number, detail: RegExp][] = [
    ["of an unknown run", "nobody", {}, 404, /Run 'nobody' not found/],
    ["of a run that has ended", "done", {}, 409, /is completed at cursor 3, where nothing is left to do/],
    ["after the head", "asks", { at: 5 }, 422, /stands at record 4: there is no cursor 5/],
    ["of a schedule", "timetable", {}, 409, /A schedule is not forked/],
    ["onto an unknown version", "asks", { bundle_version: "7.0.0" }, 404, /not found/],
    ["onto a draft", "asks", { bundle_version: "draft.abc" }, 400, /needs run_lifecycle.purpose/],
    ["onto a version without the node", "asks", { bundle_version: "0.9.0" }, 409, /'ask@0.9.0:main' has no node 'q'/],
    ["of a part of a workflow onto a version", "inner", { bundle_version: "0.9.0" }, 409, /keeps its bundle version/],
  ];
  for (const [name, runId, body, status, detail] of rows) {
    test(name, async () => {
      const answer = await fork(runId, body);
      expect([answer.status, answer.body.detail]).toEqual([status, expect.stringMatching(detail)]);
    });
  }

  const issues: [body: object, loc: (string | number)[]][] = [
    [{ at: -1 }, ["body", "at"]],
    [{ at: 1.5 }, ["body", "at"]],
    [{ at: "1" }, ["body", "at"]],
    [{ input_data: [] }, ["body", "input_data"]],
    [{ bundle_version: 1 }, ["body", "bundle_version"]],
    [{ session_id: "x".repeat(513) }, ["body", "session_id"]],
    [{ colour: 1 }, ["body", "colour"]],
  ];
  for (const [body, loc] of issues) {
    test(`with ${JSON.stringify(body).slice(0, 40)}: the field is named`, async () => {
      const answer = await fork("asks", body);
      expect([answer.status, answer.body.detail[0].loc]).toEqual([422, loc]);
    });
  }

  test("a state at no cursor", async () => {
    for (const [at, status] of [
      ["-1", 422],
      ["x", 422],
      ["5", 422],
      ["99999999999999999999", 422],
    ] as const) {
      expect((await gateway.request("GET", `${api}/asks/state?at=${at}`)).status).toBe(status);
    }
  });
});

test("the same key with the same request is one fork, with another request or run it is refused", async () => {
  const headers = { "idempotency-key": "fork-1" };
  const first = await fork("asks", { at: 2 }, headers);
  expect((await fork("asks", { at: 2 }, headers)).body).toEqual(first.body);
  expect((await fork("asks", { at: 4 }, headers)).status).toBe(422);
  await gateway.addRun("twin", 2);
  expect((await fork("twin", { at: 2 }, headers)).status).toBe(422);
});
