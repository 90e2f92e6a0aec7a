import { describe, expect, test } from "bun:test";
import { type Value, float } from "#core/value.ts";
import { evaluate, gives } from "./pure.ts";

describe("format_tool_results", () => {
  const one = (result: Value) => ({ tool_results: [result] });
  gives("format_tool_results", [
    [
      {
        tool_results: [
          { name: "read_file", success: true, arguments: { path: "/x", limit: 5 }, output: "hello\n\n world" },
          { name: "run", success: false, arguments: {}, error: " no such command " },
        ],
      },
      "- read_file(/x) [SUCCESS] : hello  world\n- run() [FAILURE] : no such command",
    ],
    [one({ name: "t", output: { rendered: " two\nlines " } }), "- t(two lines) [DONE] : two\nlines"],
    [
      one({ name: "t", success: true, output: { command: "ls", ok: true } }),
      '- t(ls) [SUCCESS] : {"command":"ls","ok":true}',
    ],
    [
      one({ tool: "by_tool", success: true, arguments: { a: null, b: false } }),
      "- by_tool(false) [SUCCESS] : (no output)",
    ],
    [one({ success: "yes", output: "  " }), "- tool() [DONE] : (no output)"],
    [one({ name: "t", success: true, output: float(5), arguments: { n: float(2) } }), "- t(2.0) [SUCCESS] : 5.0"],
    [one({ name: "t", success: true, output: [true, "x"] }), "- t() [SUCCESS] : [True, 'x']"],
    [one({ name: "t", arguments: { b: { z: 1, a: [1] } } }), '- t({"a":[1],"z":1}) [DONE] : (no output)'],
    [{ results: { name: "single", success: true, output: "x" } }, "- single() [SUCCESS] : x"],
    [{ tool_results: ["junk", null, 5] }, ""],
    [{ tool_results: null }, ""],
    [{}, ""],
  ]);

  test("arguments are cut at 160 characters and outputs at 420", () => {
    const line = evaluate(
      "format_tool_results",
      one({ name: "t", arguments: { a: "😀".repeat(200) }, output: "b".repeat(500) }),
    );
    expect(line).toBe(`- t(${"😀".repeat(159)}…) [DONE] : ${"b".repeat(419)}…`);
  });
});

describe("agent_trace_report", () => {
  const title = "# Agent Trace Report";
  gives("agent_trace_report", [
    [{}, `${title}\n\n_No scratchpad provided._\n`],
    [{ scratchpad: "text" }, `${title}\n\n_No scratchpad provided._\n`],
    [{ scratchpad: { a: 1 } }, `${title}\n\n_No node_traces found in scratchpad._\n`],
    [
      { scratchpad: { node_traces: {}, sub_run_id: "r1" } },
      `${title}\n- **sub_run_id**: \`r1\`\n\n_No trace steps found._\n`,
    ],
    [{ scratchpad: { node_traces: { n: { steps: "junk" }, m: null } } }, `${title}\n\n_No trace steps found._\n`],
  ]);

  test("tells the steps of all nodes in the order of their time", () => {
    const call = { name: "ls", call_id: "c1", arguments: { path: "." } };
    const report = evaluate("agent_trace_report", {
      scratchpad: {
        workflow_id: "w",
        node_traces: {
          act: {
            steps: [
              {
                ts: "2026-01-01T00:00:02",
                status: "completed",
                effect: { type: "tool_calls", payload: { tool_calls: [call, { name: "lost" }] } },
                result: { results: [{ call_id: "c1", success: true, output: "a.txt" }] },
              },
              { ts: "2026-01-01T00:00:03", status: "failed", effect: { type: "tool_calls" }, error: "it broke" },
            ],
          },
          think: {
            steps: [
              {
                ts: "2026-01-01T00:00:01",
                status: "completed",
                duration_ms: 12.3456,
                effect: { type: "llm_call" },
                result: { model: "m", finish_reason: "tool_calls", content: "Looking.", tool_calls: [call] },
              },
              { ts: "2026-01-01T00:00:04", status: "completed", effect: { type: "answer_user" }, result: { ok: true } },
              { ts: "2026-01-01T00:00:05", status: "completed", effect: { type: "llm_call" } },
            ],
          },
        },
      },
    });
    expect(report).toBe(`# Agent Trace Report
- **workflow_id**: \`w\`

## Timeline

### 1. \`think\` — \`llm_call\` (completed)
- **duration_ms**: 12.346
- **model**: \`m\`
- **finish_reason**: \`tool_calls\`
- **tool_calls_requested**:
  - \`ls\` (call_id=c1)

**Assistant content**
\`\`\`markdown
Looking.
\`\`\`

### 2. \`act\` — \`tool_calls\` (completed)

#### Tool: \`ls\` (call_id=c1)

**Arguments**
\`\`\`json
{
  "path": "."
}
\`\`\`

**Result**
- **success**: true
\`\`\`text
a.txt
\`\`\`

#### Tool: \`lost\`

**Arguments**
\`\`\`json
{}
\`\`\`

**Result**
_missing tool result in trace entry_

### 3. \`act\` — \`tool_calls\` (failed)

**Error**
\`\`\`text
it broke
\`\`\`

### 4. \`think\` — \`answer_user\` (completed)

**Result (raw)**
\`\`\`json
{
  "ok": true
}
\`\`\`

### 5. \`think\` — \`llm_call\` (completed)
- **tool_calls_requested**: none
`);
  });

  test("takes one trace directly, and names calls that were stored as an artifact", () => {
    const report = evaluate("agent_trace_report", {
      scratchpad: {
        node_id: "act",
        steps: [{ effect: { type: "tool_calls", payload: { tool_calls: { $artifact: "art-1" } } } }, "junk"],
      },
    });
    expect(report).toBe(
      `${title}\n\n## Timeline\n\n### 1. \`act\` — \`tool_calls\` ()\n- **tool_calls**: _stored as the artifact \`art-1\`_\n`,
    );
  });
});
