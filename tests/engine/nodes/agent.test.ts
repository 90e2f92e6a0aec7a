import { describe, expect, test } from "bun:test";
import type { JsonObject } from "#core/value.ts";
import { exec, flow } from "#fixtures/bundles.ts";
import { type Answer, type DriveOptions, drive, rows } from "../driver.ts";

const outs = ["response", "success", "meta", "scratchpad"];

const agentFlow = (config: JsonObject, defaults: JsonObject) =>
  flow(
    "f",
    [
      exec("start", "on_flow_start", { out: ["prompt:string"] }),
      exec("agent", "agent", {
        in: ["prompt:string", "system:string", "tools:array", "use_context:boolean", "resp_schema:object"],
        out: outs.map((pin) => `${pin}:any`),
        defaults,
        data: { agentConfig: { _react_workflow_id: "visual_react_agent_f_agent", ...config } },
      }),
      exec("end", "on_flow_end", { in: outs.map((pin) => `${pin}:any`) }),
    ],
    [
      "start > agent",
      "agent > end",
      "start.prompt -> agent.prompt",
      ...outs.map((pin) => `agent.${pin} -> end.${pin}`),
    ],
  );

/** What a child run of the loop answers. */
const child =
  (output: JsonObject): Answer =>
  () => ({ status: "completed", result: { sub_run_id: "child-1", output } });
const answered = child({
  answer: "forty-two",
  iterations: 2,
  success: true,
  messages: [{ role: "user", content: "?" }],
  tool_calls: [{ name: "add", arguments: { a: 1 }, call_id: "c1" }],
  tool_results: [{ call_id: "c1", name: "add", success: true, output: "2", error: null }],
  node_traces: { reason: { steps: [{ ts: "2" }] }, act: { steps: [{ ts: "1" }] } },
});

const run = (config: JsonObject, options: DriveOptions = {}, defaults: JsonObject = {}) =>
  drive(agentFlow(config, defaults), {
    input: { prompt: "The question" },
    effects: { start_subworkflow: answered },
    restore: true,
    ...options,
  });

test("an agent is a child run, and its answer the node's outputs", () => {
  const { output, records, effects, vars } = run({ tools: ["add", "add", ""], provider: "OpenAI", model: "m" });
  expect(effects[0]?.payload).toMatchObject({
    workflow_id: "visual_react_agent_f_agent",
    wait: true,
    vars: {
      context: { task: "The question", messages: [] },
      scratchpad: { iteration: 0, max_iterations: 50 },
      _runtime: { inbox: [], provider: "openai", model: "m", allowed_tools: ["add"] },
    },
  });
  expect(output).toMatchObject({
    response: "forty-two",
    success: true,
    meta: {
      schema: "abstractcode.agent.v1.meta",
      output_mode: "unstructured",
      tool_calls: 1,
      tool_results: 1,
      sub_run_id: "child-1",
      iterations: 2,
      provider: "openai",
    },
    scratchpad: { sub_run_id: "child-1", task: "The question", steps: [{ ts: "1" }, { ts: "2" }] },
  });
  expect(rows(records)).toEqual([
    "agent start_subworkflow started",
    "agent start_subworkflow completed",
    "end - completed",
    "status completed",
  ]);
  expect((vars["_temp"] as JsonObject)["agent"]).toEqual({});
});

test("markers of a default leave the route to the run, and without one to the gateway", () => {
  const runtimeOf = (driven: ReturnType<typeof run>) => (driven.effects[0]?.payload["vars"] as JsonObject)["_runtime"];
  expect(runtimeOf(run({ provider: "default", model: "__default__" }))).not.toHaveProperty("provider");
  const input = { prompt: "x", _runtime: { provider: "local", model: "tiny" } };
  expect(runtimeOf(run({ provider: "default" }, { input }))).toMatchObject({ provider: "local", model: "tiny" });
});

test("an empty list of tools at the pin means none, whatever the node is set to", () => {
  const { effects } = run({ tools: ["add"] }, {}, { tools: [] });
  expect(effects[0]?.payload["vars"]).toMatchObject({ _runtime: { allowed_tools: [] } });
});

describe("a child that did not complete", () => {
  test.each([
    [{ success: false, error: "no model" }, "The agent did not finish: no model"],
    [{ success: false, error: "Cancelled", cancelled: true }, "The agent did not finish: Cancelled"],
  ])("%j is told, and the flow goes on", (outcome, response) => {
    const { output } = run({}, { effects: { start_subworkflow: child(outcome) } });
    expect(output).toMatchObject({ response, success: false });
  });
});

test("with a schema one more call makes data of the answer", () => {
  const schema = { type: "object", properties: { n: { type: "integer" } } };
  const effects = {
    start_subworkflow: answered,
    llm_call: (() => ({ status: "completed", result: { content: '{"n":42}', data: { n: 42 } } })) as Answer,
  };
  const driven = run({ outputSchema: { enabled: true, jsonSchema: schema } }, { effects });
  expect(driven.effects[1]?.payload).toMatchObject({ response_schema: schema, response_schema_name: "Agent_agent" });
  expect(driven.output).toMatchObject({ response: '{"n":42}', success: true, meta: { output_mode: "structured" } });
  const failed = run(
    { outputSchema: { enabled: true, jsonSchema: schema } },
    { effects: { ...effects, start_subworkflow: child({ success: false, error: "x" }) } },
  );
  expect(failed.effects).toHaveLength(1);
});

test("with use_context the turn joins the run's conversation, and the child sees what was there", () => {
  const before = [
    { role: "user", content: "Hi" },
    { role: "assistant", content: "Hello" },
  ];
  const { vars, effects } = run(
    {},
    { input: { prompt: "The question", context: { messages: before } } },
    { use_context: true },
  );
  expect((effects[0]?.payload["vars"] as JsonObject)["context"]).toMatchObject({ messages: before });
  const messages = (vars["context"] as { messages: JsonObject[] }).messages;
  expect(messages.map((message) => message["content"])).toEqual([
    "Hi",
    "Hello",
    "The question",
    '[add]: args={"a": 1}\n2',
    "forty-two",
  ]);
  expect(messages.slice(2).map((message) => (message["metadata"] as JsonObject)["message_id"])).toEqual([
    "agent:child-1:agent:task",
    "agent:child-1:agent:tool:c1",
    "agent:child-1:agent:answer",
  ]);
});
