import { describe } from "bun:test";
import { float } from "#core/value.ts";
import { gives } from "./pure.ts";

const schema = "abstractcode.agent.v1.meta";

describe("envelopes", () => {
  gives("make_context", [
    [{}, { context: { task: "", messages: [] } }],
    [
      { context_extra: { a: 1, task: "old" }, task: 5, messages: "hi" },
      { context: { a: 1, task: "5", messages: ["hi"] } },
    ],
    [{ context_extra: [1], task: null, messages: null }, { context: { task: "", messages: [] } }],
    [{ task: { a: true }, messages: [1] }, { context: { task: "{'a': True}", messages: [1] } }],
  ]);

  gives("make_meta", [
    [{}, { meta: { schema, version: 1 } }],
    [{ extra: { a: 1, schema: "x", version: 9 } }, { meta: { a: 1, schema, version: 1 } }],
    [{ schema: " own.v2 ", version: "2.7" }, { meta: { schema: "own.v2", version: 2 } }],
    [{ schema: " ", version: true }, { meta: { schema, version: 1 } }],
    [{ version: "two" }, { meta: { schema, version: 1 } }],
    [
      { output_mode: " json ", provider: 5, model: " m ", sub_run_id: "r", finish_reason: "stop" },
      {
        meta: {
          schema,
          version: 1,
          output_mode: "json",
          provider: "5",
          model: "m",
          sub_run_id: "r",
          finish_reason: "stop",
        },
      },
    ],
    [{ output_mode: 5, provider: " ", model: null, sub_run_id: 1 }, { meta: { schema, version: 1 } }],
    [
      { iterations: 2.9, tool_calls: "3.9", tool_results: float(4) },
      { meta: { schema, version: 1, iterations: 2, tool_calls: 3, tool_results: 4 } },
    ],
    [{ iterations: true, tool_calls: [1], tool_results: "many" }, { meta: { schema, version: 1 } }],
    [{ gen_time: 1.5, ttft_ms: false }, { meta: { schema, version: 1, gen_time: 1.5 } }],
    [{ usage: { n: 1 }, trace: "t1" }, { meta: { schema, version: 1, usage: { n: 1 }, trace: { trace_id: "t1" } } }],
    [
      { usage: 5, trace: { a: 1 }, trace_id: " t2 " },
      { meta: { schema, version: 1, trace: { a: 1, trace_id: "t2" } } },
    ],
    [{ warnings: ["a", " ", 5], debug: [1] }, { meta: { schema, version: 1, warnings: ["a", "5"], debug: [1] } }],
    [{ warnings: " one " }, { meta: { schema, version: 1, warnings: ["one"] } }],
  ]);

  const empty = { task: "", messages: [], node_traces: {}, steps: [], tool_calls: [], tool_results: [] };
  gives("make_scratchpad", [
    [{}, { scratchpad: empty }],
    [
      {
        sub_run_id: " r ",
        workflow_id: "w",
        task: 1,
        messages: "m",
        steps: { a: 1 },
        tool_calls: [1],
        tool_results: 2,
      },
      {
        scratchpad: {
          ...empty,
          sub_run_id: "r",
          workflow_id: "w",
          task: "1",
          messages: ["m"],
          steps: [{ a: 1 }],
          tool_calls: [1],
          tool_results: [2],
        },
      },
    ],
    [
      { node_traces: [1], context_extra: { a: 1 }, sub_run_id: 5 },
      { scratchpad: { ...empty, context_extra: { a: 1 } } },
    ],
    [{ node_traces: { n: {} }, context_extra: "x", unknown: 1 }, { scratchpad: { ...empty, node_traces: { n: {} } } }],
  ]);
});
