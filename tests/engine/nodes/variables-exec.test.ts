import { describe, expect, test } from "bun:test";
import type { JsonObject, Value } from "#core/value.ts";
import { type TestNode, exec, flow, pure } from "#fixtures/bundles.ts";
import { drive } from "../driver.ts";

/** The given steps in a row, then the end. */
function after(steps: TestNode[], input: JsonObject = {}, edges: string[] = [], extra: TestNode[] = []) {
  const order = [exec("start", "on_flow_start"), ...steps, exec("end", "on_flow_end")];
  const lines = order.slice(1).map((node, index) => `${order[index]?.id} > ${node.id}`);
  return drive(flow("f", [...order, ...extra], [...lines, ...edges]), { input, restore: true });
}

const setVar = (id: string, name: unknown, value?: unknown, type = "any") =>
  exec(id, "set_var", {
    in: ["name:string", `value:${type}`],
    out: ["value:any"],
    defaults: { name, ...(value === undefined ? {} : { value }) },
  });

describe("set_var", () => {
  test("makes the objects on the way", () => {
    expect(after([setVar("s", "a.b.c", 1)], { a: { x: 2 } }).vars["a"]).toEqual({ x: 2, b: { c: 1 } });
  });

  test.each([
    ["boolean", false],
    ["number", 0],
    ["string", ""],
    ["any", null],
    ["object", null],
  ])("an absent value of type %s is %p", (type, expected) => {
    expect(after([setVar("s", "v", undefined, type)]).vars["v"]).toEqual(expected as Value);
  });

  test.each(["", "  ", "_temp", "_runtime.provider", "a..b", 5])("the name %p fails at its node", (name) => {
    const driven = after([setVar("s", name, 1)]);
    expect(driven.last).toMatchObject({ kind: "end", status: "failed" });
    expect(driven.error).toContain("Node 's' (set_var)");
  });

  test("a value that was handed on does not change when a part of the variable is written", () => {
    const get = pure("get", "get_var", { in: ["name:string"], out: ["value:any"], defaults: { name: "a" } });
    const copy = exec("copy", "set_var", { in: ["name:string", "value:any"], defaults: { name: "copy" } });
    const { vars } = after(
      [setVar("s1", "a.b", 1), copy, setVar("s2", "a.b", 2)],
      {},
      ["get.value -> copy.value"],
      [get],
    );
    expect([vars["a"], vars["copy"]]).toEqual([{ b: 2 }, { b: 1 }]);
  });
});

describe("set_var_property", () => {
  const property = (id: string, name: string, key: unknown, value: unknown) =>
    exec(id, "set_var_property", {
      in: ["name:string", "key:string", "value:any"],
      out: ["value:object"],
      defaults: { name, key, value },
    });

  test("sets one key of an object and leaves earlier holders alone", () => {
    const { vars } = after([setVar("s1", "a.b.c", 1), property("p", "a", "k", 5), setVar("s2", "a.b.c", 2)]);
    expect(vars["a"]).toEqual({ b: { c: 2 }, k: 5 });
    const record = (vars["_temp"] as { node_outputs: { p: JsonObject } }).node_outputs.p;
    expect(record).toEqual({ value: { b: { c: 1 }, k: 5 } });
  });

  test("makes the object where there is none, and needs a key", () => {
    expect(after([property("p", "a", "k", 5)]).vars["a"]).toEqual({ k: 5 });
    expect(after([property("p", "a", "", 5)]).error).toContain("Node 'p' (set_var_property)");
  });
});

describe("set_vars", () => {
  const setVars = (updates: unknown) =>
    exec("s", "set_vars", { in: ["updates:object"], out: ["updates:object"], defaults: { updates } });

  test.each<[string, unknown]>([
    ["an object", { "a.b": 1, c: 2 }],
    ["JSON text", '{"a.b":1,"c":2}'],
  ])("writes %s", (_name, updates) => {
    const { vars } = after([setVars(updates)]);
    expect([vars["a"], vars["c"]]).toEqual([{ b: 1 }, 2]);
  });

  test("writes nothing when one name is not allowed", () => {
    const driven = after([setVars({ ok: 1, _temp: 2 })]);
    expect(driven.error).toContain("Node 's' (set_vars)");
    expect(driven.vars["ok"]).toBeUndefined();
  });

  test.each([["[1]"], ["no json"], [5]])("refuses %p", (updates) => {
    expect(after([setVars(updates)]).error).toContain("Node 's' (set_vars)");
  });

  test("without anything to write goes on", () => {
    expect(after([setVars({})]).error).toBeNull();
  });
});

test("add_message appends to the conversation with role, time and an id", () => {
  const add = exec("m", "add_message", {
    in: ["role:string", "content:string"],
    out: ["message:object"],
    defaults: { content: "hi" },
  });
  const { vars } = after([add], { context: { task: "t", messages: [{ role: "user", content: "before" }] } });
  expect(vars["context"]).toEqual({
    task: "t",
    messages: [
      { role: "user", content: "before" },
      {
        role: "user",
        content: "hi",
        timestamp: "2026-01-01T00:00:00.000000+00:00",
        metadata: { message_id: expect.stringMatching(/^msg_/) },
      },
    ],
  });
});
