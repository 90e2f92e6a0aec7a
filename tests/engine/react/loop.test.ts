import { describe, expect, test } from "bun:test";
import type { JsonObject, Value } from "#core/value.ts";
import { agentLoopPlan } from "#engine/react/plan.ts";
import { type Answer, type DriveOptions, type Driven, drivePlan, rows } from "../driver.ts";

const plan = agentLoopPlan("visual_react_agent_a_b");
const specs: Record<string, JsonObject> = {
  add: { name: "add", description: "Adds", parameters: { a: { type: "integer" }, b: { type: "integer" } } },
};

interface LoopOptions extends Omit<DriveOptions, "input"> {
  task?: string;
  tools?: string[];
  maxIterations?: number;
  messages?: JsonObject[];
  runtime?: JsonObject;
}

function runLoop({
  task = "What is 2 + 3?",
  tools = ["add"],
  maxIterations = 5,
  messages = [],
  runtime = {},
  ...options
}: LoopOptions): Driven {
  return drivePlan(plan, {
    toolSpec: (name) => specs[name] ?? null,
    restore: true,
    ...options,
    input: {
      context: { task, messages },
      scratchpad: { iteration: 0, max_iterations: maxIterations },
      _runtime: { inbox: [], allowed_tools: tools, ...runtime },
      _limits: { max_history_messages: -1 },
    },
  });
}

/** A model that says these in turn. */
function script(...replies: JsonObject[]): Answer {
  let at = 0;
  return () => ({ status: "completed", result: { content: "", tool_calls: [], data: null, ...replies[at++] } });
}

const call = (name: string, args: JsonObject, id: string): JsonObject => ({ name, arguments: args, call_id: id });

/** Tools that answer with the sum of what they are given. */
const adder: Answer = (effect) => ({
  status: "completed",
  result: {
    mode: "executed",
    results: (effect.payload["tool_calls"] as JsonObject[]).map((each) => {
      const { a, b } = each["arguments"] as { a: number; b: number };
      return {
        call_id: each["call_id"] as Value,
        name: each["name"] as Value,
        success: true,
        output: String(a + b),
        error: null,
      };
    }),
  },
});

const messagesOf = (effect: { payload: JsonObject }) =>
  (effect.payload["messages"] as JsonObject[]).map((message) => [message["role"], message["content"]]);

test("an answer without calls is the end", () => {
  const { output, records } = runLoop({ effects: { llm_call: script({ content: "5" }) } });
  expect(output).toMatchObject({ answer: "5", iterations: 1, success: true, tool_calls: [], tool_results: [] });
  expect(rows(records)).toEqual([
    "reason llm_call started",
    "reason llm_call completed",
    "done - completed",
    "status completed",
  ]);
});

test("calls are carried out, told to the model and kept in order", () => {
  const driven = runLoop({
    effects: {
      llm_call: script(
        { content: "Let me add.", tool_calls: [call("add", { a: 2, b: 3 }, "c1"), call("add", { a: 1, b: 1 }, "c2")] },
        { content: "5" },
      ),
      tool_calls: adder,
    },
  });
  expect(rows(driven.records)).toEqual([
    "reason llm_call started",
    "reason llm_call completed",
    "act tool_calls started",
    "act tool_calls completed",
    "reason llm_call started",
    "reason llm_call completed",
    "done - completed",
    "status completed",
  ]);
  const [first, act, second] = driven.effects;
  expect(first?.payload["tools"]).toEqual([specs["add"] as JsonObject]);
  expect(act?.payload).toMatchObject({ allowed_tools: ["add"], tool_calls: [{ call_id: "c1" }, { call_id: "c2" }] });
  expect(messagesOf(second as never)).toEqual([
    ["user", "What is 2 + 3?"],
    ["assistant", "Let me add."],
    ["tool", "5"],
    ["tool", "2"],
  ]);
  expect((second?.payload["messages"] as JsonObject[])[2]).toMatchObject({ tool_call_id: "c1", name: "add" });
  expect(driven.output).toMatchObject({ answer: "5", iterations: 2, tool_calls: [{ name: "add" }, { name: "add" }] });
});

test("calls that a model writes as text count, when it was given such a tool", () => {
  const text = 'I will add.\n<tool_call>{"name": "add", "arguments": {"a": 2, "b": 3}}</tool_call>';
  const { output, effects } = runLoop({
    effects: { llm_call: script({ content: text }, { content: "5" }), tool_calls: adder },
  });
  expect(output).toMatchObject({ answer: "5", iterations: 2 });
  expect(messagesOf(effects[2] as never)[1]).toEqual(["assistant", "I will add."]);
  const other = runLoop({
    effects: { llm_call: script({ content: '```json\n{"name": "Ada", "age": 36}\n```' }), tool_calls: adder },
  });
  expect(other.output).toMatchObject({ answer: '```json\n{"name": "Ada", "age": 36}\n```', iterations: 1 });
});

test("when the turns are used up one more call without tools gives the answer", () => {
  const again = { tool_calls: [call("add", { a: 1, b: 1 }, "c")] };
  const { output, effects } = runLoop({
    maxIterations: 2,
    effects: { llm_call: script(again, again, { content: "I know 2." }), tool_calls: adder },
  });
  expect(output).toMatchObject({ answer: "I know 2.", iterations: 3 });
  const calls = effects.filter((effect) => effect.type === "llm_call");
  expect(calls.map((effect) => "tools" in effect.payload)).toEqual([true, true, false]);
  expect(calls[2]?.payload["system_prompt"]).toContain("no turns left");
  const stubborn = runLoop({
    maxIterations: 1,
    effects: { llm_call: script(again, { content: "So be it.", ...again }), tool_calls: adder },
  });
  expect(stubborn.output).toMatchObject({ answer: "So be it.", iterations: 2 });
});

test("a failed call is an observation, and so is a result that never came", () => {
  const { effects, output } = runLoop({
    effects: {
      llm_call: script({ tool_calls: [call("add", {}, "c1"), call("add", {}, "c2")] }, { content: "It failed." }),
      tool_calls: () => ({
        status: "completed",
        result: {
          mode: "executed",
          results: [{ call_id: "c1", name: "add", success: false, output: null, error: "a is missing" }],
        },
      }),
    },
  });
  expect(messagesOf(effects[2] as never).slice(2)).toEqual([
    ["tool", "Error: a is missing"],
    ["tool", "Error: Missing tool result"],
  ]);
  expect(output).toMatchObject({ answer: "It failed." });
});

test("a question to the user is a wait of its own between the other calls, and its answer an observation", () => {
  const { output, records, effects } = runLoop({
    tools: ["add", "ask_user"],
    answers: [{ response: "blue" }],
    effects: {
      llm_call: script(
        {
          tool_calls: [
            call("add", { a: 1, b: 2 }, "c1"),
            call("ask_user", { question: "Which colour?", choices: ["red", "blue"] }, "c2"),
            call("add", { a: 2, b: 2 }, "c3"),
          ],
        },
        { content: "Three, blue, four." },
      ),
      tool_calls: adder,
    },
  });
  expect(rows(records).filter((row) => row.startsWith("act"))).toEqual([
    "act tool_calls started",
    "act tool_calls completed",
    "act ask_user started",
    "act ask_user waiting",
    "act resume completed",
    "act tool_calls started",
    "act tool_calls completed",
  ]);
  expect(messagesOf(effects.at(-1) as never).slice(2)).toEqual([
    ["tool", "3"],
    ["tool", "blue"],
    ["tool", "4"],
  ]);
  expect(output).toMatchObject({ answer: "Three, blue, four." });
});

test("a part of the task goes to an agent of its own, with tools that this one has, and its answer is an observation", () => {
  const result = { call_id: "c2", name: "delegate_agent", success: true, output: { rendered: "Seven." }, error: null };
  const { effects, output } = runLoop({
    tools: ["add", "delegate_agent"],
    runtime: { provider: "p", model: "m", tool_policy: { auto_approve_tools: ["add"] } },
    effects: {
      llm_call: script(
        {
          tool_calls: [
            call("add", { a: 1, b: 2 }, "c1"),
            call("delegate_agent", { task: "Add 3 and 4", context: "Fast", tools: ["add", "rm"] }, "c2"),
          ],
        },
        { content: "Three and seven." },
      ),
      tool_calls: adder,
      start_subworkflow: () => ({ status: "completed", result: { mode: "executed", results: [result] } }),
    },
  });
  const { payload } = effects.find(({ type }) => type === "start_subworkflow") ?? {};
  expect(payload).toMatchObject({
    workflow_id: plan.workflow_id,
    wrap_as_tool_result: true,
    tool_name: "delegate_agent",
    call_id: "c2",
    vars: {
      context: { task: "Add 3 and 4\n\nWhat you must know:\nFast", messages: [] },
      _runtime: { provider: "p", model: "m", allowed_tools: ["add"], delegation_depth: 1, tool_policy: {} },
    },
  });
  expect(messagesOf(effects.at(-1) as never).slice(2)).toEqual([
    ["tool", "3"],
    ["tool", "Seven."],
  ]);
  expect(output).toMatchObject({ answer: "Three and seven." });
});

test.each([
  ["that was not given the tool", { tools: ["add"] }],
  ["that is an agent's agent's own", { tools: ["add", "delegate_agent"], runtime: { delegation_depth: 2 } }],
])("an agent %s cannot delegate", (_name, options) => {
  const { effects } = runLoop({
    ...options,
    effects: {
      llm_call: script({ tool_calls: [call("delegate_agent", { task: "x" }, "c1")] }, { content: "No." }),
      tool_calls: () => ({ status: "completed", result: { mode: "executed", results: [] } }),
    },
  });
  expect(effects.map(({ type }) => type)).toEqual(["llm_call", "tool_calls", "llm_call"]);
  expect(effects[1]?.payload["allowed_tools"]).toEqual(["add"]);
});

test("guidance in the inbox is said to the model once", () => {
  const { effects } = runLoop({
    runtime: { inbox: [{ content: "Use small numbers." }, "Hurry."] },
    effects: {
      llm_call: script({ tool_calls: [call("add", { a: 1, b: 1 }, "c")] }, { content: "2" }),
      tool_calls: adder,
    },
  });
  expect(messagesOf(effects[0] as never)).toEqual([
    ["user", "What is 2 + 3?"],
    ["user", "Use small numbers."],
    ["user", "Hurry."],
  ]);
  expect(messagesOf(effects[2] as never).filter(([role]) => role === "user")).toHaveLength(3);
});

test("earlier messages come before the task", () => {
  const { effects } = runLoop({
    messages: [
      { role: "user", content: "Hi" },
      { role: "assistant", content: "Hello" },
    ],
    effects: { llm_call: script({ content: "5" }) },
  });
  expect(messagesOf(effects[0] as never)).toEqual([
    ["user", "Hi"],
    ["assistant", "Hello"],
    ["user", "What is 2 + 3?"],
  ]);
});

describe("traces", () => {
  test("have one entry per model call and per round of tools, without the prompts", () => {
    const { output } = runLoop({
      effects: {
        llm_call: script(
          { content: "adding", model: "m", tool_calls: [call("add", { a: 2, b: 3 }, "c1")] },
          { content: "5" },
        ),
        tool_calls: adder,
      },
    });
    const traces = (output as JsonObject)["node_traces"] as Record<string, { steps: JsonObject[] }>;
    expect(traces["reason"]?.steps.map((step) => (step["result"] as JsonObject)["content"])).toEqual(["adding", "5"]);
    expect(traces["act"]?.steps).toHaveLength(1);
    expect(JSON.stringify(traces)).not.toContain("system_prompt");
  });
});
