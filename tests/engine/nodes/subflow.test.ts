import { describe, expect, test } from "bun:test";
import type { EffectOutcome } from "#core/effect.ts";
import type { JsonObject, Value } from "#core/value.ts";
import { exec, flow } from "#fixtures/bundles.ts";
import { type DriveOptions, drive, rows } from "../driver.ts";

const waits = (): EffectOutcome => ({
  status: "waiting",
  wait: {
    reason: "subworkflow",
    wait_key: "subworkflow:child-1",
    until: null,
    resume_to_node: "end",
    result_key: "_temp.effects.sub",
    prompt: null,
    choices: null,
    allow_free_text: true,
    details: { sub_run_id: "child-1" },
  },
});

interface Call {
  in?: string[];
  out?: string[];
  data?: Record<string, unknown>;
  defaults?: Record<string, unknown>;
  options?: DriveOptions;
  output?: Value;
  startPins?: string[];
}

/** A flow that calls another and ends with what came out of the pins. */
function call({ in: ins = [], out = [], data = {}, defaults = {}, options = {}, output = null, startPins = [] }: Call) {
  const outs = ["output", "child_output", "sub_run_id", ...out];
  const document = flow(
    "f",
    [
      exec("start", "on_flow_start", { out: startPins }),
      exec("sub", "subflow", {
        in: ins,
        out: outs.map((pin) => `${pin}:any`),
        defaults,
        data: { subflowId: "b@1:child", ...data },
      }),
      exec("end", "on_flow_end", { in: outs.map((pin) => `${pin}:any`) }),
    ],
    ["start > sub", "sub > end", ...outs.map((pin) => `sub.${pin} -> end.${pin}`)],
  );
  return drive(document, {
    effects: { start_subworkflow: waits },
    answers: [{ sub_run_id: "child-1", output }],
    restore: true,
    ...options,
  });
}

describe("what a subflow gets", () => {
  const payload = (given: Call) => call(given).effects[0]?.payload as JsonObject;

  test("the whole payload, in the contract's form", () => {
    expect(payload({ in: ["input:object"], defaults: { input: { a: 1 } } })).toEqual({
      type: "start_subworkflow",
      workflow_id: "b@1:child",
      vars: { a: 1 },
      async: true,
      wait: true,
      resume_to_node: "end",
    });
  });

  test.each<[string, Call, JsonObject]>([
    ["an object at vars", { in: ["vars:object"], defaults: { vars: { a: 1 } } }, { a: 1 }],
    [
      "an object and the declared pins beside it",
      { in: ["input:object", "b:any"], defaults: { input: { a: 1 }, b: 2 } },
      { a: 1, b: 2 },
    ],
    [
      "declared pins, also when they come with what flows along",
      { in: ["b:any"], options: { input: { b: 5, c: 6 } } },
      { b: 5 },
    ],
    [
      "everything that flows in when nothing is declared",
      { options: { input: { b: 5, c: 6, _p: 1 } } },
      { b: 5, c: 6 },
    ],
    [
      "no pins that only steer the call",
      { in: ["b:any", "session_id:string", "inherit_context:boolean"], defaults: { b: 1, session_id: "other" } },
      { b: 1 },
    ],
  ])("%s", (_name, given, vars) => {
    expect(payload(given)["vars"]).toEqual(vars);
  });

  test("another session when a pin names one", () => {
    expect(payload({ in: ["child_session_id:string"], defaults: { child_session_id: "other" } })["session_id"]).toBe(
      "other",
    );
  });

  test("with inherit_context the parent's conversation: systems first, its own last, each message once", () => {
    const message = (role: string, content: string, id?: string) => ({
      role,
      content,
      ...(id ? { metadata: { message_id: id } } : {}),
    });
    const vars = payload({
      in: ["input:object"],
      defaults: {
        input: {
          context: {
            task: "t",
            messages: [message("system", "child"), message("user", "again", "m1"), message("user", "own", "m2")],
          },
        },
      },
      data: { effectConfig: { inherit_context: true } },
      options: {
        input: {
          context: {
            messages: [message("user", "turn", "m1"), message("system", "parent")],
            attachments: [{ $artifact: "a" }],
          },
        },
      },
    })["vars"] as { context: { messages: { content: string }[]; attachments: unknown; task: string } };
    expect(vars.context.messages.map((each) => each.content)).toEqual(["child", "parent", "turn", "own"]);
    expect([vars.context.attachments, vars.context.task]).toEqual([[{ $artifact: "a" }], "t"]);
  });

  test("without a flow to call it fails at its node", () => {
    expect(call({ data: { subflowId: "" } }).error).toContain("Node 'sub' (subflow)");
  });
});

describe("what a subflow gives (vector 12)", () => {
  const given = (output: Value, out: string[] = []) => call({ output, out }).output as JsonObject;
  const child = { result: 5, x: 1, success: true };

  test("output is the child's result, child_output all of it", () => {
    expect(given(child)).toMatchObject({ output: 5, child_output: child, sub_run_id: "child-1" });
  });

  test("a single further pin gets the whole value when that is no object", () => {
    expect(given(child, ["x"])["x"]).toBe(5);
  });

  test("two further pins get nothing of a value that is no object", () => {
    expect(given(child, ["x", "y"])).toMatchObject({ x: null, y: null });
  });

  test("further pins read the keys of an object", () => {
    expect(given({ x: 1, y: 2, success: true }, ["x", "y"])).toMatchObject({
      output: { x: 1, y: 2, success: true },
      x: 1,
      y: 2,
    });
  });

  test("a child that failed gives its error, and the run goes on", () => {
    expect(given({ success: false, error: "no" })).toMatchObject({
      output: { success: false, error: "no" },
      success: true,
    });
  });

  test("the ledger has the call, the wait and the return", () => {
    expect(rows(call({ output: child }).records)).toEqual([
      "sub start_subworkflow started",
      "sub start_subworkflow waiting",
      "sub resume completed",
      "end - completed",
      "status completed",
    ]);
  });
});
