import { describe, expect, test } from "bun:test";
import type { JsonObject } from "#core/value.ts";
import { type TestNode, exec, flow, pure } from "#fixtures/bundles.ts";
import { drive } from "./driver.ts";

const literal = (id: string, value: unknown) =>
  pure(id, "literal_json", { out: ["value:any"], data: { literalValue: value } });

/** What a node in front of the end sees as its inputs: an end without declared pins gives back everything it got. */
function seen(between: TestNode[], lines: string[], input: JsonObject = {}, startPins: string[] = []): JsonObject {
  const nodes = [exec("start", "on_flow_start", { out: startPins }), ...between, exec("end", "on_flow_end")];
  const { output } = drive(flow("f", nodes, lines), { input, restore: true });
  return output as JsonObject;
}

describe("the inputs of a step", () => {
  test("begin with the start's record; without declared pins that is every public variable", () => {
    const output = seen([], ["start > end"], { a: 1, _private: 2 });
    expect(output).toEqual({ a: 1, success: true });
  });

  test("the record of an effect does not replace what flows along the execution edges", () => {
    const say = exec("say", "answer_user", { in: ["message:string"], defaults: { message: "x" } });
    expect(seen([say], ["start > say", "say > end"], { a: 1 })).toEqual({ a: 1, success: true });
  });

  test("an if replaces what flows along by its branch", () => {
    const choose = exec("if", "if", { in: ["condition:any"], exec: ["true", "false"], defaults: { condition: 1 } });
    expect(seen([choose], ["start > if", "if[true] > end"], { a: 1 })).toEqual({
      branch: "true",
      condition: 1,
      success: true,
    });
  });

  test("set_var passes on what flows along", () => {
    const set = exec("set", "set_var", { in: ["name:string", "value:any"], defaults: { name: "v", value: 1 } });
    expect(seen([set], ["start > set", "set > end"], { a: 1 })).toEqual({ a: 1, success: true });
  });

  test("a declared pin's default beats a value of the same name that flows along", () => {
    const nodes = [
      exec("start", "on_flow_start", { out: ["a:any", "b:any"] }),
      exec("end", "on_flow_end", { in: ["a:any"], defaults: { a: "default", b: "unused" } }),
    ];
    const { output } = drive(flow("f", nodes, ["start > end"]), { input: { a: "flowing", b: "flowing" } });
    expect(output).toEqual({ a: "default", success: true });
  });

  test("a default of a pin that is not declared does not beat a value that flows along", () => {
    const nodes = [
      exec("start", "on_flow_start", { out: ["a:any"] }),
      {
        ...exec("end", "on_flow_end"),
        data: { ...exec("end", "on_flow_end").data, pinDefaults: { a: "default", b: "only" } },
      },
    ];
    const { output } = drive(flow("f", nodes, ["start > end"]), { input: { a: "flowing" } });
    expect(output).toEqual({ a: "flowing", b: "only", success: true });
  });

  test("a connected pin takes its edge and never its default, even when the edge gives null", () => {
    const nodes = [
      exec("start", "on_flow_start"),
      literal("nothing", null),
      exec("end", "on_flow_end", { in: ["a:any"], defaults: { a: "default" } }),
    ];
    const { output } = drive(flow("f", nodes, ["start > end", "nothing.value -> end.a"]), {});
    expect(output).toEqual({ a: null, success: true });
  });

  test("a connected pin whose source lacks the key keeps the value that flows along", () => {
    const nodes = [
      exec("start", "on_flow_start", { out: ["a:any"] }),
      literal("object", { x: 1 }),
      exec("end", "on_flow_end", { in: ["a:any"], defaults: { a: "default" } }),
    ];
    const { output } = drive(flow("f", nodes, ["start > end", "object.missing -> end.a"]), { input: { a: "flowing" } });
    expect(output).toEqual({ a: "flowing", success: true });
  });

  test("'result' and 'output' read the whole record when it has no such key", () => {
    const nodes = [
      exec("start", "on_flow_start", { out: ["a:any"] }),
      exec("end", "on_flow_end", { in: ["one:any", "two:any", "three:any"] }),
    ];
    const lines = ["start > end", "start.result -> end.one", "start.output -> end.two", "start.a -> end.three"];
    const { output } = drive(flow("f", nodes, lines), { input: { a: 1 } });
    expect(output).toEqual({ one: { a: 1 }, two: { a: 1 }, three: 1, success: true });
  });

  test("a literal keeps its raw value: no coercion", () => {
    const nodes = [
      exec("start", "on_flow_start"),
      pure("n", "literal_number", { out: ["value:number"], data: { literalValue: "5" } }),
      exec("end", "on_flow_end", { in: ["n:number"] }),
    ];
    expect(drive(flow("f", nodes, ["start > end", "n.value -> end.n"])).output).toEqual({ n: "5", success: true });
  });

  test("inputKey takes the inputs from a variable, outputKey writes the result to one", () => {
    const upper = exec("up", "uppercase", { in: ["text:string"], out: ["result:string"] });
    const nodes = [
      exec("start", "on_flow_start"),
      { ...upper, data: { ...upper.data, inputKey: "box", outputKey: "made.text" } },
      pure("get", "get_var", { in: ["name:string"], out: ["value:any"], defaults: { name: "made.text" } }),
      exec("end", "on_flow_end", { in: ["text:any"] }),
    ];
    const lines = ["start > up", "up > end", "get.value -> end.text"];
    expect(drive(flow("f", nodes, lines), { input: { box: { text: "abc" } } }).output).toEqual({
      text: "ABC",
      success: true,
    });
  });

  test("a data function with execution pins is a step and its result flows on", () => {
    const upper = exec("up", "uppercase", { in: ["text:string"], out: ["result:string"], defaults: { text: "abc" } });
    const nodes = [exec("start", "on_flow_start"), upper, exec("end", "on_flow_end", { in: ["text:any"] })];
    const { output } = drive(flow("f", nodes, ["start > up", "up > end", "up.result -> end.text"]));
    expect(output).toEqual({ text: "ABC", success: true });
  });

  test("a circle of data edges fails the step that reads it, with the node's name", () => {
    const nodes = [
      exec("start", "on_flow_start"),
      pure("a", "uppercase", { in: ["text:string"], out: ["result:string"] }),
      pure("b", "lowercase", { in: ["text:string"], out: ["result:string"] }),
      exec("end", "on_flow_end", { in: ["text:any"] }),
    ];
    const lines = ["start > end", "a.result -> b.text", "b.result -> a.text", "a.result -> end.text"];
    expect(drive(flow("f", nodes, lines)).error).toContain("Data edge cycle detected");
  });

  test("a value handed out earlier does not change when the variable is written again", () => {
    const append = (id: string) =>
      exec(id, "add_message", { in: ["role:string", "content:string"], defaults: { content: id } });
    const nodes = [
      exec("start", "on_flow_start"),
      append("m1"),
      exec("keep", "set_var", { in: ["name:string", "value:any"], defaults: { name: "kept" } }),
      append("m2"),
      pure("ctx", "get_context", { out: ["messages:array"] }),
      pure("kept", "get_var", { in: ["name:string"], out: ["value:any"], defaults: { name: "kept" } }),
      pure("n", "array_length", { in: ["array:array"], out: ["result:number"] }),
      exec("end", "on_flow_end", { in: ["kept:any", "now:any"] }),
    ];
    const lines = [
      "start > m1",
      "m1 > keep",
      "keep > m2",
      "m2 > end",
      "ctx.messages -> keep.value",
      "kept.value -> end.kept",
      "ctx.messages -> end.now",
    ];
    const output = drive(flow("f", nodes, lines), { restore: true }).output as { kept: unknown[]; now: unknown[] };
    expect([output.kept.length, output.now.length]).toEqual([1, 2]);
  });
});
