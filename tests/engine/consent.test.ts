import { expect, test } from "bun:test";
import type { Effect, EffectOutcome } from "#core/effect.ts";
import type { JsonObject } from "#core/value.ts";
import { exec, flow } from "#fixtures/bundles.ts";
import { drive, rows } from "./driver.ts";

const calls = [{ name: "write_file", arguments: { path: "a" }, call_id: "c1" }];
const document = flow(
  "f",
  [
    exec("start", "on_flow_start"),
    exec("tools", "tool_calls", {
      in: ["tool_calls:array"],
      out: ["results:array", "success:boolean"],
      defaults: { tool_calls: calls },
    }),
    exec("end", "on_flow_end", { in: ["results:array", "success:boolean"] }),
  ],
  ["start > tools", "tools > end", "tools.results -> end.results", "tools.success -> end.success"],
);

function asks({ payload, result_key }: Effect): EffectOutcome {
  return {
    status: "waiting",
    wait: {
      reason: "user",
      wait_key: "tool_approval:00000000000000000000000000000000",
      until: null,
      resume_to_node: payload["resume_to_node"] as string,
      result_key,
      prompt: null,
      choices: null,
      allow_free_text: true,
      details: { mode: "approval_required", tool_calls: calls },
    },
  };
}

/** Asks first; then does what it was told. */
function tools(effect: Effect): EffectOutcome {
  const approval = effect.payload["approval"] as { answer: JsonObject; details: JsonObject } | undefined;
  if (!approval) return asks(effect);
  const success = approval.answer["approved"] === true;
  return {
    status: "completed",
    result: {
      mode: "executed",
      results: [{ call_id: "c1", name: "write_file", success, output: null, error: success ? null : "Denied by user" }],
    },
  };
}

test("the effect that asked goes on with the answer, and its resume record follows the outcome", () => {
  const { records, output, effects } = drive(document, {
    restore: true,
    answers: [{ approved: true }],
    effects: { tool_calls: tools },
  });
  expect(rows(records)).toEqual([
    "tools tool_calls started",
    "tools tool_calls waiting",
    "tools tool_calls completed",
    "tools resume completed",
    "end - completed",
    "status completed",
  ]);
  const [started, waiting, completed] = records;
  expect([waiting?.step_id, completed?.step_id]).toEqual([started?.step_id, started?.step_id]);
  expect(effects[1]?.payload["approval"]).toMatchObject({ answer: { approved: true }, details: { tool_calls: calls } });
  expect(output).toMatchObject({ success: true });
});

test("a refusal is an outcome too", () => {
  const { output } = drive(document, { restore: true, answers: [{ approved: false }], effects: { tool_calls: tools } });
  expect(output).toMatchObject({ success: false, results: [{ error: "Denied by user" }] });
});

test("it may ask again, and a failure after the answer fails the step", () => {
  let asked = 0;
  const twice = drive(document, {
    restore: true,
    answers: [{ approved: true }, { approved: true }],
    effects: { tool_calls: (effect) => (asked++ < 2 ? asks(effect) : tools(effect)) },
  });
  expect(rows(twice.records).slice(0, 6)).toEqual([
    "tools tool_calls started",
    "tools tool_calls waiting",
    "tools tool_calls waiting",
    "tools resume completed",
    "tools tool_calls completed",
    "tools resume completed",
  ]);
  const broken = drive(document, {
    restore: true,
    answers: [{ approved: true }],
    effects: {
      tool_calls: (effect) => (effect.payload["approval"] ? { status: "failed", error: "disk is full" } : asks(effect)),
    },
  });
  expect(broken.error).toContain("disk is full");
});
