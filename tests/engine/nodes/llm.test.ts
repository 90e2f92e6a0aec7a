import { describe, expect, test } from "bun:test";
import type { JsonObject, Value } from "#core/value.ts";
import { type TestFlow, exec, flow, pure } from "#fixtures/bundles.ts";
import { drive, says } from "../driver.ts";

interface Asked {
  /** Values of the node's pins; each is wired from a literal. */
  pins?: Record<string, Value>;
  config?: Record<string, unknown>;
  input?: JsonObject;
}

const pinNames = (pins: Record<string, Value>) => Object.keys(pins);

function callFlow({ pins = {}, config = {} }: Asked, outs = ["response"]): TestFlow {
  return flow(
    "f",
    [
      exec("start", "on_flow_start", { out: ["_nothing:any"] }),
      ...pinNames(pins).map((pin) =>
        pure(`lit-${pin}`, "literal_json", { out: ["value:any"], data: { literalValue: pins[pin] } }),
      ),
      exec("llm", "llm_call", {
        in: pinNames(pins).map((pin) => `${pin}:any`),
        out: outs.map((pin) => `${pin}:any`),
        data: { effectConfig: config },
      }),
      exec("end", "on_flow_end", { in: outs.map((pin) => `${pin}:any`) }),
    ],
    [
      "start > llm",
      "llm > end",
      ...pinNames(pins).map((pin) => `lit-${pin}.value -> llm.${pin}`),
      ...outs.map((pin) => `llm.${pin} -> end.${pin}`),
    ],
  );
}

function payload(asked: Asked): JsonObject {
  const driven = drive(callFlow(asked), { input: asked.input ?? {}, effects: { llm_call: says("ok") }, restore: true });
  expect(driven.error).toBeNull();
  return driven.effects[0]?.payload as JsonObject;
}

describe("what a model is asked", () => {
  test("the prompt, and the temperature of 0.7 when nobody says another", () => {
    expect(payload({ pins: { prompt: "hi" } })).toEqual({
      type: "llm_call",
      prompt: "hi",
      params: { temperature: 0.7 },
      resume_to_node: "end",
    });
  });

  test("pins win over settings, and an empty pin is not a pin", () => {
    const config = { provider: "cfg", model: "cfg-m", temperature: 0.1 };
    expect(payload({ pins: { prompt: "x", provider: "p", model: "m", temperature: 0 }, config })).toMatchObject({
      provider: "p",
      model: "m",
      params: { temperature: 0 },
    });
    expect(payload({ pins: { prompt: "x", provider: "", model: "" }, config })).toMatchObject({
      provider: "cfg",
      model: "cfg-m",
    });
  });

  test("a provider without a model is no route at all", () => {
    const asked = payload({ pins: { prompt: "x", provider: "p" } });
    expect([asked["provider"], asked["model"]]).toEqual([undefined, undefined]);
  });

  test("seeds below 0 and limits of 0 are left out, the rest is whole numbers", () => {
    expect(payload({ pins: { prompt: "x", seed: -1, max_out_tokens: 0 } })["params"]).toEqual({ temperature: 0.7 });
    expect(payload({ pins: { prompt: "x", seed: 7, max_out_tokens: 100, thinking: "high" } })["params"]).toEqual({
      temperature: 0.7,
      seed: 7,
      thinking: "high",
      max_output_tokens: 100,
    });
  });

  test("tools as specifications; an empty pin takes the settings' tools away", () => {
    const spec = { name: "t", description: "d", parameters: {} };
    expect(payload({ pins: { prompt: "x", tools: [spec, "by name"] } })["tools"]).toEqual([spec]);
    expect(payload({ pins: { prompt: "x" }, config: { tools: [spec] } })["tools"]).toEqual([spec]);
    expect(payload({ pins: { prompt: "x", tools: [] }, config: { tools: [spec] } })["tools"]).toBeUndefined();
  });

  test.each([
    ["as it is", { type: "object", properties: { a: { type: "string" } } }],
    [
      "in OpenAI's wrapper",
      { type: "json_schema", json_schema: { schema: { type: "object", properties: { a: { type: "string" } } } } },
    ],
  ])("a schema %s", (_name, schema) => {
    expect(
      payload({ pins: { prompt: "x", resp_schema: schema }, config: { structured_output_fallback: true } }),
    ).toMatchObject({
      response_schema: { type: "object", properties: { a: { type: "string" } } },
      response_schema_name: "LLM_StructuredOutput",
      structured_output_fallback: true,
    });
  });

  const turn = (role: string, content: string) => ({ role, content });
  const route = { provider: "p", model: "m" };

  test("a context pin becomes the messages, the system text behind the leading systems, the prompt last", () => {
    const context = { messages: [turn("system", "s1"), turn("user", "u1"), turn("assistant", "a1")], attachments: [] };
    const asked = payload({ pins: { prompt: "now", system: "s2", context, ...route } });
    expect(asked["messages"]).toEqual([
      turn("system", "s1"),
      turn("system", "s2"),
      turn("user", "u1"),
      turn("assistant", "a1"),
      turn("user", "now"),
    ]);
    expect([asked["prompt"], asked["system_prompt"], asked["media"]]).toEqual([undefined, undefined, []]);
  });

  test("a context pin is not looked at without a route", () => {
    const asked = payload({ pins: { prompt: "now", context: { messages: [turn("user", "u1")] } } });
    expect([asked["prompt"], asked["messages"]]).toEqual(["now", undefined]);
  });

  test("a limit keeps the systems and the newest turns", () => {
    const context = {
      messages: [turn("system", "sys"), turn("user", "x".repeat(4000)), turn("user", "short"), turn("assistant", "ok")],
    };
    const asked = payload({ pins: { prompt: "now", context, max_in_tokens: 60, ...route } });
    expect((asked["messages"] as { content: string }[]).map((each) => each.content)).toEqual([
      "sys",
      "short",
      "ok",
      "now",
    ]);
  });

  test.each([
    [-1, ["s", "u1", "a1", "u2"]],
    [1, ["s", "u2"]],
    [0, ["s"]],
  ])("include_context with a history of %d takes the run's conversation", (limit, expected) => {
    const input = {
      context: {
        messages: [turn("user", "u1"), turn("system", "s"), turn("assistant", "a1"), turn("user", "u2")],
        attachments: [{ $artifact: "a" }],
      },
      _limits: { max_history_messages: limit },
    };
    const asked = payload({ pins: { prompt: "now", use_context: true }, input });
    expect((asked["messages"] as { content: string }[]).map((each) => each.content)).toEqual([...expected, "now"]);
    expect([asked["include_context"], asked["media"]]).toEqual([true, [{ $artifact: "a" }]]);
  });

  test("what the graph knows is asked first and told to the model, once, and asked again at the next visit", () => {
    const driven = drive(
      callFlow({
        pins: { prompt: "who?", system: "Be kind.", memory: { use_kg_memory: true, memory_scope: "session" } },
      }),
      {
        effects: {
          memory_kg_query: () => ({
            status: "completed",
            result: { ok: true, active_memory_text: "## KG ACTIVE MEMORY\n- it is Ada" },
          }),
          llm_call: says("ok"),
        },
      },
    );
    expect(driven.effects.map(({ type }) => type)).toEqual(["memory_kg_query", "llm_call"]);
    expect(driven.effects[0]?.payload).toMatchObject({ query_text: "who?", scope: "session", max_input_tokens: 1200 });
    expect(driven.effects[1]?.payload["system_prompt"]).toBe("Be kind.\n\n## KG ACTIVE MEMORY\n- it is Ada");
    expect(driven.output).toMatchObject({ response: "ok" });
    expect(driven.execution.vars.peek("_temp", "memory_sources", "llm")).toBeUndefined();
  });

  test("spans are found, put back into the conversation, and read by a call that has no context of its own", () => {
    const back = { role: "user", content: "long ago", metadata: { rehydrated: true } };
    const driven = drive(callFlow({ pins: { prompt: "and?", use_span_memory: true, max_span_messages: 5 } }), {
      input: { context: { messages: [{ role: "user", content: "now" }, back] } },
      effects: {
        memory_query: () => ({
          status: "completed",
          result: { mode: "executed", results: [{ meta: { span_ids: ["s1", "s2"] } }] },
        }),
        memory_rehydrate: () => ({ status: "completed", result: { inserted: 1 } }),
        llm_call: says("ok"),
      },
    });
    expect(driven.effects.map(({ type }) => type)).toEqual(["memory_query", "memory_rehydrate", "llm_call"]);
    expect(driven.effects[1]?.payload).toMatchObject({
      span_ids: ["s1", "s2"],
      placement: "after_summary",
      max_messages: 5,
    });
    expect(driven.output).toMatchObject({ response: "ok" });
    expect(driven.effects[2]?.payload["messages"]).toEqual([
      { role: "user", content: "long ago" },
      { role: "user", content: "and?" },
    ]);
  });

  test("memory that is not wanted asks nobody", () => {
    const driven = drive(callFlow({ pins: { prompt: "x", memory: { use_kg_memory: false, memory_query: "y" } } }), {
      effects: { llm_call: says("ok") },
    });
    expect(driven.effects.map(({ type }) => type)).toEqual(["llm_call"]);
  });
});

describe("what a model call gives", () => {
  const outs = ["response", "data", "success", "meta", "tool_calls"];
  const given = (result: JsonObject, pins = outs) =>
    drive(callFlow({ pins: { prompt: "x" } }, pins), {
      effects: { llm_call: () => ({ status: "completed", result }) },
      restore: true,
    }).output as JsonObject;

  test("the text, and what is known of the call in meta", () => {
    const result = {
      content: "Paris.",
      data: null,
      tool_calls: [],
      usage: { input_tokens: 1 },
      model: "m",
      provider: "p",
      finish_reason: "stop",
      trace_id: "t",
      gen_time: 12.5,
      ttft_ms: null,
    };
    expect(given(result)).toEqual({
      response: "Paris.",
      data: null,
      success: true,
      meta: {
        schema: "abstractflow.llm_call.v1.meta",
        version: 1,
        output_mode: "unstructured",
        tool_calls: 0,
        provider: "p",
        model: "m",
        finish_reason: "stop",
        usage: { input_tokens: 1 },
        gen_time: 12.5,
        trace: { trace_id: "t" },
      },
      tool_calls: [],
    });
  });

  test("structured data, and its compact JSON as the response", () => {
    expect(given({ content: "…", data: { a: [1, 2] } })).toMatchObject({
      response: '{"a":[1,2]}',
      data: { a: [1, 2] },
      meta: { output_mode: "structured" },
    });
  });

  test("tool calls, counted", () => {
    const calls = [{ name: "t", arguments: {}, call_id: "c" }];
    expect(given({ content: "", tool_calls: calls })).toMatchObject({ tool_calls: calls, meta: { tool_calls: 1 } });
  });

  test("the old outputs only where an edge reads them", () => {
    const result = { content: "hi", gen_time: 5 };
    expect(given(result, ["result", "raw", "gen_time"])).toMatchObject({ result, raw: result, gen_time: 5 });
    const driven = drive(callFlow({ pins: { prompt: "x" } }), {
      effects: { llm_call: () => ({ status: "completed", result }) },
    });
    const record = (driven.vars["_temp"] as { node_outputs: { llm: JsonObject } }).node_outputs.llm;
    expect(Object.keys(record).sort()).toEqual(["meta", "response", "success", "tool_calls"]);
  });

  test("media that were made, with the first artifact", () => {
    const outputs = { image: [{ artifact_ref: { $artifact: "a1", content_type: "image/png" } }] };
    expect(
      given({ content: "", outputs }, ["artifact_id", "artifact_ref", "outputs", "resources", "meta"]),
    ).toMatchObject({
      artifact_id: "a1",
      artifact_ref: { $artifact: "a1" },
      outputs,
      resources: [],
      meta: { output_mode: "media" },
    });
  });
});
