import { describe, expect, test } from "bun:test";
import { exec, flow } from "#fixtures/bundles.ts";
import { drive } from "./driver.ts";

const start = exec("start", "on_flow_start");
const answer = (id: string, message?: string) =>
  exec(id, "answer_user", {
    in: ["message:string", "level:string"],
    out: ["message:string", "level:string"],
    ...(message === undefined ? {} : { defaults: { message } }),
  });
const endWith = (...pins: string[]) => exec("end", "on_flow_end", { in: pins });

describe("a question, an answer and an end", () => {
  const transcript = flow(
    "demo",
    [
      exec("start", "on_flow_start", { out: ["prompt:string"] }),
      exec("ask", "ask_user", {
        in: ["prompt:string", "choices:array"],
        out: ["response:string"],
        defaults: { prompt: "Name?", choices: [] },
      }),
      answer("ans"),
      endWith("response:string"),
    ],
    ["start > ask", "ask > ans", "ans > end", "ask.response -> ans.message", "ask.response -> end.response"],
  );
  const at = expect.stringMatching(/^2026-01-01T00:00:00\.000000\+00:00$/);
  const asked = {
    type: "ask_user",
    payload: { type: "ask_user", prompt: "Name?", choices: [], allow_free_text: true, resume_to_node: "ans" },
    result_key: "_temp.effects.ask",
  };
  const answered = {
    type: "answer_user",
    payload: { type: "answer_user", message: "Bob", level: "message", resume_to_node: "end" },
    result_key: "_temp.effects.ans",
  };
  const wait = {
    reason: "user",
    wait_key: "user:run-1:ask",
    until: null,
    resume_to_node: "ans",
    result_key: "_temp.effects.ask",
    prompt: "Name?",
    choices: [],
    allow_free_text: true,
    details: null,
  };
  const resumed = {
    type: "resume",
    payload: {
      wait_reason: "user",
      wait_key: "user:run-1:ask",
      resume_to_node: "ans",
      result_key: "_temp.effects.ask",
      payload: { response: "Bob" },
    },
    result_key: null,
  };
  const status = {
    type: "emit_event",
    payload: { name: "abstract.status", scope: "session", payload: { text: "completed" } },
    result_key: null,
  };
  const key = expect.stringMatching(/^[0-9a-f]{32}$/);
  const output = { response: "Bob", success: true };
  const common = { run_id: "run-1", error: null, started_at: at, actor_id: "gateway", session_id: "s1", attempt: 1 };
  const expected = [
    { node_id: "ask", status: "started", effect: asked, result: null, ended_at: null, idempotency_key: key },
    { node_id: "ask", status: "waiting", effect: asked, result: { wait }, ended_at: at, idempotency_key: key },
    {
      node_id: "ask",
      status: "completed",
      effect: resumed,
      result: { resumed: true },
      ended_at: at,
      idempotency_key: null,
    },
    { node_id: "ans", status: "started", effect: answered, result: null, ended_at: null, idempotency_key: key },
    {
      node_id: "ans",
      status: "completed",
      effect: answered,
      result: { message: "Bob", level: "message" },
      ended_at: at,
      idempotency_key: key,
    },
    {
      node_id: "end",
      status: "completed",
      effect: null,
      result: { completed: true, output },
      ended_at: at,
      idempotency_key: null,
    },
    {
      node_id: "end",
      status: "completed",
      effect: status,
      result: { emitted: true, name: "abstract.status", payload: { text: "completed" } },
      ended_at: at,
      idempotency_key: "system:terminal_status:completed",
    },
  ].map((row) => ({ ...common, ...row, step_id: expect.any(String) }));
  const run = () => drive(transcript, { input: { prompt: "hi" }, answers: [{ response: "Bob" }] });

  test("are the seven records of the contract, field for field", () => {
    expect(run().records as unknown[]).toEqual(expected);
  });

  test("have their keys in the stored order", () => {
    const order = [
      ..."run_id step_id node_id status effect result error started_at ended_at".split(" "),
      ..."actor_id session_id attempt idempotency_key".split(" "),
    ];
    for (const record of run().records) expect(Object.keys(record)).toEqual(order);
    const [, waiting] = run().records;
    expect(Object.keys((waiting?.result as { wait: object }).wait)).toEqual(Object.keys(wait));
  });

  test("share step and key between start and end of a step, and nothing else does", () => {
    const { records } = run();
    const steps = records.map((record) => record.step_id);
    expect(steps[1]).toBe(steps[0] as string);
    expect(steps[4]).toBe(steps[3] as string);
    expect(new Set(steps).size).toBe(5);
    expect(records[1]?.idempotency_key).toBe(records[0]?.idempotency_key as string);
    expect(records[3]?.idempotency_key).not.toBe(records[0]?.idempotency_key as string);
  });

  test("the run stands at the node that waits, and afterwards at the one that ended it", () => {
    const waiting = drive(transcript);
    expect([waiting.last.kind, waiting.execution.node_id]).toEqual(["wait", "ask"]);
    expect(run().execution.node_id).toBe("end");
  });
});

test("the same run twice has the same idempotency keys", () => {
  const again = flow("f", [start, answer("say", "x")], ["start > say"]);
  const keys = () => drive(again).records.map((record) => record.idempotency_key);
  expect(keys()).toEqual(keys());
});
