import { describe, expect, test } from "bun:test";
import type { EffectOutcome } from "#core/effect.ts";
import { type TestFlow, type TestNode, exec, flow, pure } from "#fixtures/bundles.ts";
import { drive, rows } from "./driver.ts";

const start = exec("start", "on_flow_start");
const end = exec("end", "on_flow_end");
const say = (id: string, message: string, outs = ["exec-out"]) =>
  exec(id, "answer_user", { in: ["message:any"], exec: outs, defaults: { message } });
/** A step that raises when its input is 0. */
const divide = (outs = ["exec-out"]): TestNode =>
  exec("div", "divide", { in: ["a:number", "b:number"], out: ["result:number"], exec: outs, defaults: { a: 1, b: 0 } });

describe("a step that raises", () => {
  const failing = flow("f", [start, divide(), end], ["start > div", "div > end"]);

  test("fails the run with node, type and message, and the input in the record", () => {
    const driven = drive(failing, { restore: true });
    expect(driven.last).toMatchObject({ kind: "end", status: "failed", output: null });
    expect(driven.error).toMatch(/^Node 'div' \(divide\): .+/);
    expect(rows(driven.records)).toEqual(["div - failed", "status failed"]);
    expect(driven.records[0]).toMatchObject({
      error: driven.error as string,
      effect: null,
      result: { input: { a: 1, b: 0 } },
    });
  });

  test("shows a huge input cut, not whole", () => {
    const driven = drive(failing, { input: { big: "x".repeat(200_000) } });
    expect(JSON.stringify(driven.records[0]).length).toBeLessThan(20_000);
  });

  test("goes on at its on_error pin, with the message in the variables", () => {
    const caught = flow(
      "f",
      [
        start,
        divide(["exec-out", "on_error"]),
        exec("end", "on_flow_end", { in: ["error:any", "node:any"] }),
        pure("e", "get_var", { in: ["name:string"], out: ["value:any"], defaults: { name: "_flow_error" } }),
        pure("n", "get_var", { in: ["name:string"], out: ["value:any"], defaults: { name: "_flow_error_node" } }),
      ],
      ["start > div", "div[on_error] > end", "e.value -> end.error", "n.value -> end.node"],
    );
    const driven = drive(caught, { restore: true });
    expect(driven.last).toMatchObject({ kind: "end", status: "completed" });
    expect(driven.output).toEqual({ error: expect.any(String), node: "div", success: true });
    expect(rows(driven.records)).toEqual(["end - completed", "status completed"]);
  });

  test("is caught inside a loop, and the loop goes on with the next item", () => {
    const caught = flow(
      "f",
      [
        start,
        exec("for", "for", {
          in: ["start:number", "end:number"],
          out: ["i:number"],
          exec: ["loop", "done"],
          defaults: { start: 0, end: 3 },
        }),
        divide(["exec-out", "on_error"]),
        say("sorry", "sorry"),
        end,
      ],
      ["start > for", "for[loop] > div", "div[on_error] > sorry", "for[done] > end"],
    );
    const driven = drive(caught, { restore: true });
    expect(rows(driven.records).filter((row) => row === "sorry answer_user completed").length).toBe(3);
    expect(driven.last).toMatchObject({ kind: "end", status: "completed" });
  });

  test("inside a loop without on_error ends the whole run as failed", () => {
    const uncaught = flow(
      "f",
      [
        start,
        exec("for", "for", {
          in: ["start:number", "end:number"],
          exec: ["loop", "done"],
          defaults: { start: 0, end: 3 },
        }),
        divide(),
        end,
      ],
      ["start > for", "for[loop] > div", "for[done] > end"],
    );
    expect(rows(drive(uncaught).records)).toEqual(["div - failed", "status failed"]);
  });

  test("with the reference's behaviour completes the run with success false", () => {
    const driven = drive(failing, { compatNodeErrors: true });
    expect(driven.last).toMatchObject({ kind: "end", status: "completed" });
    expect(driven.output).toEqual({ error: expect.any(String), success: false, node: "div" });
    expect(driven.vars).toMatchObject({ _flow_error: expect.any(String), _flow_error_node: "div" });
  });

  test("with the reference's behaviour inside a loop lets the loop go on (vector 3)", () => {
    const swallowed = flow(
      "f",
      [
        start,
        pure("items", "literal_json", { out: ["value:any"], data: { literalValue: [1, 0, 2] } }),
        exec("each", "loop", { in: ["items:array"], out: ["item:any"], exec: ["loop", "done"] }),
        exec("div", "divide", { in: ["a:number", "b:number"], out: ["result:number"], defaults: { a: 1 } }),
        say("ok", "ok"),
        end,
      ],
      [
        "start > each",
        "items.value -> each.items",
        "each.item -> div.b",
        "each[loop] > div",
        "div > ok",
        "each[done] > end",
      ],
    );
    const driven = drive(swallowed, { compatNodeErrors: true, restore: true });
    expect(rows(driven.records).filter((row) => row === "ok answer_user completed").length).toBe(2);
    expect(driven.last).toMatchObject({ kind: "end", status: "completed" });
    expect(driven.output).toMatchObject({ success: true });
    expect(driven.vars["_flow_error_node"]).toBe("div");
  });

  test("a data node that raises fails the step that reads it", () => {
    const upstream = flow(
      "f",
      [
        start,
        pure("p", "parse_json", { in: ["text:string"], out: ["result:any"], defaults: { text: "no json" } }),
        exec("say", "answer_user", { in: ["message:any"] }),
      ],
      ["start > say", "p.result -> say.message"],
    );
    const driven = drive(upstream);
    // Planning an effect fails the run in the reference too.
    expect(rows(drive(upstream, { compatNodeErrors: true }).records)).toEqual(["say - failed", "status failed"]);
    expect(driven.error).toContain("Node 'say' (answer_user)");
    expect(rows(driven.records)).toEqual(["say - failed", "status failed"]);
  });
});

describe("an effect that fails", () => {
  const model = (outs = ["exec-out"]): TestFlow =>
    flow(
      "f",
      [
        start,
        exec("llm", "llm_call", {
          in: ["prompt:string"],
          out: ["response:string"],
          exec: outs,
          defaults: { prompt: "x" },
        }),
        end,
        say("sorry", "sorry"),
      ],
      ["start > llm", "llm > end", ...(outs.includes("on_error") ? ["llm[on_error] > sorry"] : [])],
    );
  const fails = (): EffectOutcome => ({ status: "failed", error: "no credit" });

  test("fails the run with the attempts and the message", () => {
    const driven = drive(model(), { effects: { llm_call: fails } });
    expect(driven.error).toContain("Effect failed after 1 attempts: no credit");
    expect(rows(driven.records)).toEqual(["llm llm_call started", "llm llm_call failed", "status failed"]);
    expect(driven.records[1]).toMatchObject({ error: "no credit", result: null });
  });

  test("takes the on_error pin", () => {
    const driven = drive(model(["exec-out", "on_error"]), { effects: { llm_call: fails }, restore: true });
    expect(driven.last).toMatchObject({ kind: "end", status: "completed" });
    expect(rows(driven.records).slice(0, 3)).toEqual([
      "llm llm_call started",
      "llm llm_call failed",
      "sorry answer_user started",
    ]);
    expect(driven.vars["_flow_error_node"]).toBe("llm");
  });

  test("does not count as a way into a second node when it succeeds", () => {
    const ok = () => ({ status: "completed" as const, result: { content: "ok" } });
    const driven = drive(model(["exec-out", "on_error"]), { effects: { llm_call: ok } });
    expect(rows(driven.records)).toEqual([
      "llm llm_call started",
      "llm llm_call completed",
      "end - completed",
      "status completed",
    ]);
  });

  test("is tried again as a new step with the same key and the next attempt number", () => {
    const driven = drive(model(), {
      restore: true,
      effects: {
        llm_call: (_effect, call) =>
          call === 0 ? { retry: "busy" } : { status: "completed", result: { content: "at last" } },
      },
    });
    const calls = driven.records.filter((record) => record.effect?.type === "llm_call");
    expect(calls.map((record) => [record.status, record.attempt, record.error])).toEqual([
      ["started", 1, null],
      ["failed", 1, "busy"],
      ["started", 2, null],
      ["completed", 2, null],
    ]);
    expect(new Set(calls.map((record) => record.idempotency_key)).size).toBe(1);
    expect(new Set(calls.map((record) => record.step_id)).size).toBe(2);
    expect(driven.last).toMatchObject({ kind: "end", status: "completed" });
  });

  test("after two attempts says so", () => {
    const driven = drive(model(), {
      effects: {
        llm_call: (_effect, call) => (call === 0 ? { retry: "busy" } : { status: "failed", error: "still busy" }),
      },
    });
    expect(driven.error).toContain("Effect failed after 2 attempts: still busy");
  });
});

describe("what this build does not have", () => {
  test("an effect without a handler fails at its node and names what is missing", () => {
    const calls = flow(
      "f",
      [start, exec("tools", "tool_calls", { in: ["tool_calls:array"], defaults: { tool_calls: [] } }), end],
      ["start > tools", "tools > end"],
    );
    const driven = drive(calls);
    expect(driven.last).toMatchObject({ kind: "end", status: "failed" });
    expect(driven.error).toContain("Node 'tools' (tool_calls)");
    expect(driven.error).toContain("not available in this build");
  });

  test.each(["code", "memory_note", "read_file", "generate_image"])("a %s node fails at its place", (type) => {
    const driven = drive(flow("f", [start, exec("x", type), end], ["start > x", "x > end"]));
    expect(driven.last).toMatchObject({ kind: "end", status: "failed" });
    expect(driven.error).toContain(`Node 'x' (${type})`);
  });

  test("a type that nobody knows fails at its place and does not stop the flow from loading", () => {
    const driven = drive(
      flow("f", [start, say("say", "first"), exec("x", "from_the_future"), end], ["start > say", "say > x", "x > end"]),
    );
    expect(rows(driven.records).slice(0, 2)).toEqual(["say answer_user started", "say answer_user completed"]);
    expect(driven.error).toContain("from_the_future");
  });
});
