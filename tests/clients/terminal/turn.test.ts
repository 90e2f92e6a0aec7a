import { describe, expect, test } from "bun:test";
import type { StepRecord } from "#core/record.ts";
import { Turn } from "#clients/terminal/turn.ts";

let clock = 0;
function record(type: string | null, status: StepRecord["status"], more: object = {}): StepRecord {
  const at = `2026-01-01T00:00:${String(clock++).padStart(2, "0")}Z`;
  const { payload = {}, ...fields } = more as { payload?: object };
  const effect = type === null ? null : { type, payload, result_key: null };
  return {
    step_id: "s1",
    node_id: "n",
    status,
    effect,
    result: null,
    error: null,
    started_at: at,
    ended_at: at,
    ...fields,
  } as never;
}

const newTurn = () => new Turn({ prompt: "hi", runId: "R", status: "running" });
const wait = (wait: object) => ({
  result: { wait: { reason: "user", wait_key: "k", prompt: "Which?", choices: ["a"], ...wait } },
});
const call = { call_id: "c1", name: "read_file", arguments: { path: "x" } };

describe("a turn", () => {
  test("shows text while it is made, and the record's text in its place afterwards", () => {
    const turn = newTurn();
    turn.take(record("llm_call", "started"), "C");
    for (const text of ["Let me ", "look"]) turn.hear({ run_id: "C", node_id: "n", step_id: "s1", text });
    expect(turn.live).toEqual(["Let me look"]);
    turn.take(record("llm_call", "completed", { result: { content: "Let me look." } }), "C");
    expect(turn.live).toEqual([]);
    expect(turn.parts).toMatchObject([{ kind: "text", text: "Let me look." }]);
  });

  test("words that come before the record of their step's beginning stay", () => {
    const turn = newTurn();
    turn.hear({ run_id: "C", node_id: "n", step_id: "s1", text: "Hel", whole: true });
    turn.take(record("llm_call", "started"), "C");
    expect(turn.live).toEqual(["Hel"]);
  });

  test("text that was under way when the connection broke is not doubled by what is told anew", () => {
    const turn = newTurn();
    const delta = { run_id: "C", node_id: "n", step_id: "s1" };
    turn.hear({ ...delta, text: "Hel" });
    turn.lose("D");
    expect(turn.live).toEqual(["Hel"]);
    turn.lose("C");
    expect(turn.live).toEqual([]);
    turn.hear({ ...delta, text: "Hello", whole: true });
    turn.hear({ ...delta, text: "!" });
    expect(turn.live).toEqual(["Hello!"]);
  });

  test("tells the answer once, although model, flow and output say it, in whatever order their runs' records come", () => {
    const model = record("llm_call", "completed", { result: { content: "42" } });
    const flow = record("answer_user", "completed", { result: { message: "42", level: "message" } });
    const end = record(null, "completed", { result: { completed: true, output: { response: "42" } } });
    for (const order of [
      [model, flow, end],
      [flow, end, model],
      [flow, model, end],
    ]) {
      const turn = newTurn();
      for (const each of order) turn.take(each, each === model ? "C" : "R");
      expect([turn.answer, turn.parts]).toEqual(["42", []]);
    }
  });

  test("two equal messages of a loop are two", () => {
    const turn = newTurn();
    for (let time = 0; time < 2; time++)
      turn.take(record("answer_user", "completed", { result: { message: "tick" } }), "R");
    expect(turn.parts).toHaveLength(2);
  });

  test("a tool call goes from asked to done with its result, over the consent in between", () => {
    const turn = newTurn();
    turn.take(record("tool_calls", "started", { payload: { tool_calls: [call] } }), "C");
    turn.take(
      record("tool_calls", "waiting", {
        payload: { tool_calls: [call] },
        ...wait({ details: { mode: "approval_required", tool_calls: [call] } }),
      }),
      "C",
    );
    expect(turn.question).toMatchObject({ runId: "C", waitKey: "k", isApproval: true, calls: [{ name: "read_file" }] });
    const results = [{ call_id: "c1", name: "read_file", success: false, output: null, error: "no such file" }];
    turn.take(record("tool_calls", "completed", { payload: { tool_calls: [call] }, result: { results } }), "C");
    expect(turn.question).toBeNull();
    expect(turn.parts).toMatchObject([
      { kind: "tool", state: "failed", result: "no such file", arguments: '{"path":"x"}' },
    ]);
  });

  test("the same call in a later step is another one", () => {
    const turn = newTurn();
    for (const step_id of ["s1", "s2"])
      turn.take(record("tool_calls", "started", { step_id, payload: { tool_calls: [call] } }), "C");
    expect(turn.parts).toHaveLength(2);
  });

  test("whatever follows a question in its run closes it, and the answer is shown; other runs' records do not", () => {
    const turn = newTurn();
    turn.take(record("ask_user", "waiting", wait({})), "C");
    turn.take(record("llm_call", "started"), "D");
    expect(turn.question?.choices).toEqual(["a"]);
    turn.take(record("resume", "completed", { payload: { wait_reason: "user", payload: { response: "a" } } }), "C");
    expect(turn.question).toBeNull();
    expect(turn.parts).toMatchObject([{ kind: "reply", text: "a" }]);
  });

  test("a pause, a timer and a child are no questions; a failed call is told", () => {
    const turn = newTurn();
    turn.take(record("wait_until", "waiting", wait({ reason: "until" })), "R");
    turn.take(record("ask_user", "waiting", wait({ details: { kind: "pause" } })), "R");
    expect(turn.question).toBeNull();
    turn.take(record("llm_call", "failed", { error: "no model" }), "R");
    expect(turn.parts).toMatchObject([{ kind: "trouble", text: "no model" }]);
  });

  test("a large answer is named by its artifact, and only the run's own output is the answer", () => {
    const turn = newTurn();
    turn.take(record(null, "completed", { result: { output: { answer: "child" } } }), "C");
    expect(turn.answer).toBeNull();
    turn.take(record(null, "completed", { result: { output: { $artifact: "A" } } }), "R");
    expect([turn.answer, turn.answerArtifact]).toEqual([null, "A"]);
    turn.take(record(null, "completed", { result: { output: { response: { $artifact: "B" }, success: true } } }), "R");
    expect([turn.answer, turn.answerArtifact]).toEqual([null, "B"]);
  });
});
