import { describe, expect, test } from "bun:test";
import type { Value } from "#core/value.ts";
import { localName } from "#engine/nodes/code.ts";
import { exec, flow } from "#fixtures/bundles.ts";
import { type DriveOptions, drive } from "../driver.ts";

const failure = { success: false, output: null, result: null, error: "ValueError: no (line 1)", execution: {} };

function visit(
  data: Record<string, unknown>,
  pins: Record<string, unknown> = {},
  result: Value = {},
  options: DriveOptions = {},
) {
  const document = flow(
    "f",
    [
      exec("start", "on_flow_start", { out: ["_nothing:any"] }),
      exec("x", "code", {
        in: Object.keys(pins).map((pin) => `${pin}:any`),
        out: ["output:any", "success:any"],
        defaults: pins,
        data,
      }),
      exec("end", "on_flow_end", { in: ["output:any"] }),
    ],
    ["start > x", "x > end", "x.output -> end.output"],
  );
  const driven = drive(document, {
    effects: { code: () => ({ status: "completed", result }) },
    restore: true,
    ...options,
  });
  const { resume_to_node: _next, type: _type, ...asked } = driven.effects[0]?.payload ?? {};
  return { asked, driven };
}

describe("a code node asks for", () => {
  test("its whole code and the function of its name", () => {
    const { asked } = visit({ code: "def go(x): return x", functionName: "go" }, { a: 1, permissions: "safe" });
    expect(asked).toEqual({
      language: "python",
      source: "def go(x): return x",
      function_name: "go",
      input: { a: 1 },
      permissions: "sandbox",
    });
  });

  test("its body with a local per declared pin", () => {
    const { asked } = visit({ codeBody: "return a_b" }, { "a b": 1, class: 2, permissions: "" });
    expect(asked).toMatchObject({
      function_name: "transform",
      source: "return a_b",
      locals: [
        ["a_b", "a b"],
        ["class_", "class"],
      ],
      input: { "a b": 1, class: 2 },
    });
  });

  test.each([
    ["full", "full_access"],
    [" Unrestricted ", "full_access"],
    ["protected", "sandbox"],
  ])("the permissions %j as %s", (given, expected) => {
    expect(visit({ codeBody: "" }, { permissions: given }).asked).toMatchObject({ permissions: expected });
  });

  test.each([
    [{}, {}, "it has no code"],
    [{ codeBody: "" }, { permissions: "root" }, "must be sandbox or full_access"],
    [{ codeBody: "", language: "ruby" }, {}, "is not python or javascript"],
  ])("nothing with %j and %j", (data, pins, reason) => {
    expect(visit(data, pins).driven.error).toContain(reason);
  });
});

test.each([
  ["a b", "a_b"],
  ["1st", "p_1st"],
  ["für", "f_r"],
  ["class", "class_"],
  ["", "p_"],
])("the pin %j is the local %j", (pin, name) => {
  expect(localName(pin)).toBe(name);
});

describe("its record", () => {
  test("is the effect's result", () => {
    const record = { n: 1, success: true, output: { n: 1 }, result: { n: 1 }, execution: {} };
    expect(visit({ codeBody: "" }, {}, record).driven.output).toMatchObject({ output: { n: 1 }, success: true });
  });

  test("of a failure fails the run, with the node and the input", () => {
    const { driven } = visit({ codeBody: "" }, { a: 1 }, failure);
    expect(driven.last).toMatchObject({ kind: "end", status: "failed" });
    expect(driven.error).toBe("Node 'x' (code): ValueError: no (line 1)");
  });

  test("of a failure completes the run where the reference's old way is asked for", () => {
    const { driven } = visit({ codeBody: "" }, {}, failure, { compatNodeErrors: true });
    expect(driven.last).toMatchObject({ kind: "end", status: "completed" });
    expect(driven.output).toEqual({ error: "ValueError: no (line 1)", success: false, node: "x" });
    expect(driven.vars).toMatchObject({ _flow_error_node: "x" });
  });
});

describe("a function node, the older form", () => {
  function call(data: Record<string, unknown>, result: Value) {
    const document = flow(
      "f",
      [
        exec("start", "on_flow_start"),
        exec("x", "function", { in: ["a:any", "class:any"], out: ["result:any"], defaults: { a: 1, class: 2 }, data }),
        exec("end", "on_flow_end", { in: ["result:any"] }),
      ],
      ["start > x", "x > end", "x.result -> end.result"],
    );
    return drive(document, { effects: { code: () => ({ status: "completed", result }) }, restore: true });
  }

  test("evaluates an expression over its inputs", () => {
    const driven = call({ expression: "a + class_ + x['a']" }, { success: true, result: 4, output: 4 });
    expect(driven.effects[0]?.payload).toMatchObject({
      language: "python",
      function_name: "transform",
      source: "x = _input\ninput = _input\nreturn (a + class_ + x['a']\n)",
      locals: [
        ["a", "a"],
        ["class_", "class"],
      ],
      input: { a: 1, class: 2 },
    });
    expect(driven.output).toMatchObject({ result: 4 });
  });

  test("gives its error as its result", () => {
    const driven = call({ expression: "1/0" }, { success: false, error: "ZeroDivisionError: division by zero" });
    expect(driven.output).toMatchObject({ result: { error: "ZeroDivisionError: division by zero" } });
  });

  test("may be a whole function", () => {
    const driven = call({ code: "def transform(d): return d['a']" }, { success: true, result: 1 });
    expect(driven.effects[0]?.payload).toMatchObject({
      source: "def transform(d): return d['a']",
      function_name: "transform",
    });
    expect(call({}, {}).error).toContain("it has no code and no expression");
  });
});
