import { afterAll, beforeAll, expect, test } from "bun:test";
import { archive } from "#fixtures/bundles.ts";
import { type Gateway, startGateway } from "#fixtures/gateway.ts";
import { ask, askLoop, listener, loop, parent, short, timer } from "#fixtures/sample-flows.ts";

let gateway: Gateway;

beforeAll(async () => {
  gateway = await startGateway();
  for (const each of [ask, askLoop, listener, loop, short, timer])
    await gateway.upload(each.id, archive(each.id, [each]));
  await gateway.upload("parent", archive("parent", [parent, short]));
});

afterAll(async () => {
  expect(await gateway.close()).toBe(0);
});

const shape = (records: any[]) => records.map((each) => [each.node_id, each.status, each.effect?.type ?? null]);

test("a question is asked, answered and told over one stream, in the seven rows of the contract", async () => {
  const runId = await gateway.start("ask", {}, { session_id: "s1" });
  const waiting = await gateway.until(runId, "waiting");
  expect(waiting).toMatchObject({
    status: "waiting",
    session_id: "s1",
    paused: false,
    waiting: { reason: "user", wait_key: `user:${runId}:ask`, prompt: "Name?" },
  });
  const answer = await gateway.command(
    runId,
    "resume",
    { wait_key: `user:${runId}:ask`, payload: { response: "Bob" } },
    "c-1",
  );
  expect(answer.body).toEqual({ accepted: true, duplicate: false, seq: expect.any(Number) });
  const again = await gateway.command(
    runId,
    "resume",
    { wait_key: `user:${runId}:ask`, payload: { response: "Eve" } },
    "c-1",
  );
  expect(again.body).toEqual({ accepted: false, duplicate: true, seq: answer.body.seq });
  const events = await gateway.follow(runId);
  expect(events.map((event) => [event.id, event.event])).toEqual([
    ...[1, 2, 3, 4, 5, 6, 7].map((id) => [String(id), "step"]),
    [null, "done"],
  ]);
  expect(shape(await gateway.ledger(runId))).toEqual([
    ["ask", "started", "ask_user"],
    ["ask", "waiting", "ask_user"],
    ["ask", "completed", "resume"],
    ["ans", "started", "answer_user"],
    ["ans", "completed", "answer_user"],
    ["end", "completed", null],
    ["end", "completed", "emit_event"],
  ]);
  const outcome = await gateway.get("/commands/c-1");
  expect(outcome.body).toMatchObject({
    command_id: "c-1",
    run_id: runId,
    type: "resume",
    outcome: { status: "applied" },
  });
});

test("a second answer is refused with the reason and changes nothing", async () => {
  const runId = await gateway.start("ask");
  await gateway.until(runId, "waiting");
  await gateway.command(runId, "resume", { payload: { response: "first" } });
  await gateway.follow(runId);
  await gateway.command(runId, "resume", { payload: { response: "second" } }, "late-answer");
  const { body } = await gateway.get("/commands/late-answer");
  expect(body.outcome.status).toMatch(/refused|ignored/);
  const records = await gateway.ledger(runId);
  expect(records.at(-2).result.output.response).toBe("first");
});

test("pause holds a timer and resume lets it fire", async () => {
  const runId = await gateway.start("timer");
  await gateway.until(runId, "waiting");
  await gateway.command(runId, "pause", { reason: "lunch" });
  await outcomeOf(await gateway.command(runId, "pause", {}, `p-${runId}`), `p-${runId}`);
  expect((await gateway.get(`/runs/${runId}`)).body).toMatchObject({
    status: "waiting",
    paused: true,
    pause_reason: "lunch",
  });
  // The timer's time has long come when this second command is answered; only the pause holds the run.
  await Bun.sleep(400);
  expect((await gateway.get(`/runs/${runId}`)).body.status).toBe("waiting");
  await gateway.command(runId, "resume", {});
  await gateway.follow(runId);
  expect((await gateway.get(`/runs/${runId}`)).body).toMatchObject({ status: "completed", paused: false });
});

test("pausing a running loop stops it between two steps and resume finishes it without a doubled step", async () => {
  const runId = await gateway.start("loop", { end: 3001 });
  await gateway.command(runId, "pause", {}, `pause-${runId}`);
  await outcomeOf(null, `pause-${runId}`);
  const paused = (await gateway.get(`/runs/${runId}`)).body;
  if (paused.status !== "completed") {
    expect(paused).toMatchObject({
      status: "waiting",
      paused: true,
      waiting: { wait_key: `pause:${runId}`, details: { kind: "pause" } },
    });
    await gateway.command(runId, "resume", {});
  }
  await gateway.follow(runId);
  const said = (await gateway.ledger(runId)).filter(
    (record) => record.effect?.type === "answer_user" && record.status === "completed",
  );
  expect(said.length).toBe(6000);
});

test("cancel ends a run and its child with the reason", async () => {
  await gateway.upload(
    "parent-ask",
    archive("parent-ask", [
      {
        ...parent,
        id: "parent",
        nodes: parent.nodes.map((node) =>
          node.id === "sub" ? { ...node, data: { ...node.data, subflowId: "ask" } } : node,
        ),
      },
      ask,
    ]),
  );
  const runId = await gateway.start("parent-ask");
  const waiting = await gateway.until(runId, "waiting");
  const childId = waiting.waiting.details.sub_run_id;
  await gateway.until(childId, "waiting");
  await gateway.command(runId, "cancel", { reason: "enough" });
  await gateway.follow(runId);
  await gateway.follow(childId);
  for (const id of [runId, childId])
    expect((await gateway.get(`/runs/${id}`)).body).toMatchObject({ status: "cancelled", error: "enough" });
  expect((await gateway.ledger(childId)).at(-1)).toMatchObject({ idempotency_key: "system:terminal_status:cancelled" });
});

test("a parent gets what its child said", async () => {
  const runId = await gateway.start("parent");
  await gateway.follow(runId);
  const records = await gateway.ledger(runId);
  expect(shape(records)).toEqual([
    ["sub", "started", "start_subworkflow"],
    ["sub", "waiting", "start_subworkflow"],
    ["sub", "completed", "resume"],
    ["a", "started", "answer_user"],
    ["a", "completed", "answer_user"],
    ["end", "completed", null],
    ["end", "completed", "emit_event"],
  ]);
});

test("every event reaches the listener once, also those sent while it is busy, and it ends with its root", async () => {
  const runId = await gateway.start("listener", {}, { session_id: `events-${crypto.randomUUID()}` });
  await gateway.until(runId, "waiting");
  const session = (await gateway.get(`/runs/${runId}`)).body.session_id;
  const listed = (await gateway.get(`/runs?session_id=${session}&limit=10`)).body.items;
  const listenerId = listed.find((item: any) => item.parent_run_id === runId).run_id;
  await gateway.until(listenerId, "waiting");
  const count = 50;
  for (let n = 0; n < count; n++) {
    await gateway.command(
      runId,
      "emit_event",
      { name: "ping", scope: "session", session_id: session, payload: { n } },
      `ev-${runId}-${n}`,
    );
  }
  await outcomeOf(null, `ev-${runId}-${count - 1}`);
  await gateway.command(runId, "resume", { payload: { response: "yes" } });
  await gateway.follow(runId);
  await gateway.follow(listenerId);
  const said = (await gateway.ledger(listenerId)).filter(
    (record) => record.effect?.type === "answer_user" && record.status === "completed",
  );
  expect(said.map((record) => Number(record.result.message))).toEqual(Array.from({ length: count }, (_, n) => n));
  expect((await gateway.get(`/runs/${listenerId}`)).body.status).toBe("cancelled");
});

test("a command for a run that does not exist is accepted and its outcome says so", async () => {
  const { body } = await gateway.command("no-such-run", "cancel", {}, "nowhere");
  expect(body.accepted).toBe(true);
  expect((await gateway.get("/commands/nowhere")).body.outcome).toMatchObject({
    status: "refused",
    message: "Run 'no-such-run' not found",
  });
});

test("the same Idempotency-Key and body give the same run, another body gives 422", async () => {
  const start = (body: unknown) =>
    fetch(`${gateway.url}/api/gateway/runs/start`, {
      method: "POST",
      headers: {
        authorization: `Bearer test-token-0123456789abcdef0123456789abcdef`,
        "content-type": "application/json",
        "idempotency-key": "key-1",
      },
      body: JSON.stringify(body),
    });
  const first = await (await start({ bundle_id: "short", input_data: {} })).json();
  const second = await (await start({ bundle_id: "short", input_data: {} })).json();
  expect(second.run_id).toBe(first.run_id);
  expect((await start({ bundle_id: "short", input_data: { x: 1 } })).status).toBe(422);
});

/** A command's outcome is there once it was applied; the inbox is asked a bounded number of times. */
async function outcomeOf(_sent: unknown, commandId: string): Promise<any> {
  for (let i = 0; i < 200; i++) {
    const { body } = await gateway.get(`/commands/${commandId}`);
    if (body.outcome) return body.outcome;
    await Bun.sleep(10);
  }
  throw new Error(`command ${commandId} was not applied within two seconds`);
}
