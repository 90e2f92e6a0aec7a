import { describe, expect, test } from "bun:test";
import { type JsonObject, type Value, float } from "#core/value.ts";
import { evaluate, gives } from "./pure.ts";

const vars: JsonObject = {
  name: "Ann",
  nested: { list: [{ x: 1 }], none: null },
  flag: true,
  text: "true",
  count: float(3),
  _private: { seen: 1 },
  context: { task: "say hi", messages: [{ role: "user" }], extra: 1 },
};
const given = { vars };

describe("variables", () => {
  gives("get_var", [
    [{ name: "name" }, { value: "Ann" }, given],
    [{ name: " nested.list.0.x " }, { value: 1 }, given],
    [{ name: "nested.list[0]" }, { value: { x: 1 } }, given],
    [{ name: "nested.none" }, { value: null }, given],
    [{ name: "nested.missing.deeper" }, { value: null }, given],
    [{ name: "_private.seen" }, { value: 1 }, given],
    [{ name: "constructor" }, { value: null }, given],
    [{ name: "" }, { value: null }, given],
    [{ name: null }, { value: null }, given],
    [{ name: 5 }, { value: "five" }, { vars: { "5": "five" } }],
    [{}, { value: null }, given],
  ]);
  gives("get_context", [
    [{}, { context: vars["context"] as Value, task: "say hi", messages: [{ role: "user" }] }, given],
    [{}, { context: {}, task: "", messages: [] }],
    [{}, { context: {}, task: "", messages: [] }, { vars: { context: "text" } }],
    [
      {},
      { context: { task: 5, messages: "m" }, task: "5", messages: ["m"] },
      { vars: { context: { task: 5, messages: "m" } } },
    ],
    [
      {},
      { context: { task: 0, messages: null }, task: "", messages: [] },
      { vars: { context: { task: 0, messages: null } } },
    ],
    [{}, { context: { task: [true] }, task: "[True]", messages: [] }, { vars: { context: { task: [true] } } }],
  ]);

  const declaring = (literalValue: Value) => ({ vars, data: { literalValue } });
  gives("var_decl", [
    [{}, { name: "name", value: "Ann" }, declaring({ name: "name", type: "string", default: "x" })],
    [{}, { name: "name", value: 7 }, declaring({ name: "name", type: "number", default: 7 })],
    [{}, { name: "name", value: 0 }, declaring({ name: "name", type: "number", default: "seven" })],
    [{}, { name: "flag", value: 0 }, declaring({ name: "flag", type: "number" })],
    [{}, { name: "count", value: float(3) }, declaring({ name: "count", type: "number" })],
    [{}, { name: "flag", value: true }, declaring({ name: "flag", type: "boolean", default: false })],
    [{}, { name: "text", value: false }, declaring({ name: "text", type: "boolean" })],
    [{}, { name: "nested", value: [] }, declaring({ name: "nested", type: "array" })],
    [{}, { name: "nested.list", value: [{ x: 1 }] }, declaring({ name: " nested.list ", type: " array " })],
    [{}, { name: "missing", value: {} }, declaring({ name: "missing", type: "object" })],
    [{}, { name: "missing", value: "" }, declaring({ name: "missing", type: "string", default: null })],
    [{}, { name: "missing", value: 5 }, declaring({ name: "missing", default: 5 })],
    [{}, { name: "missing", value: null }, declaring({ name: "missing", type: "strange" })],
    [{}, { name: "nested.none", value: null }, declaring({ name: "nested.none", type: "any", default: 5 })],
    [{}, { name: "", value: 3 }, declaring({ type: "number", default: 3 })],
    [{}, { name: "", value: null }, declaring("junk")],
  ]);
  gives("bool_var", [
    [{}, { name: "flag", value: true }, declaring("flag")],
    [{}, { name: "flag", value: true }, declaring({ name: " flag ", default: false })],
    [{}, { name: "text", value: false }, declaring("text")],
    [{}, { name: "text", value: true }, declaring({ name: "text", default: true })],
    [{}, { name: "missing", value: true }, declaring({ name: "missing", default: true })],
    [{}, { name: "missing", value: false }, declaring({ name: "missing", default: "true" })],
    [{}, { name: "", value: false }, declaring(null)],
    [{}, { name: "", value: false }, declaring([1])],
  ]);
});

describe("the internal mux", () => {
  gives("path_mux", [
    [{ select: 1, in0: "a", in1: "b" }, { out: "b" }],
    [{ select: float(1), in1: "b" }, { out: "b" }],
    [{ select: "1.9", in1: "b" }, { out: "b" }],
    [{ select: true, in1: "b" }, { out: "b" }],
    [{ select: "junk", in0: "a" }, { out: "a" }],
    [{ select: null, in0: "a" }, { out: "a" }],
    [{ in0: "a" }, { out: "a" }],
    [{ select: 1, in1: null, fallback: "f" }, { out: null }],
    [{ select: 2, in0: "a", fallback: "f" }, { out: "f" }],
    [{ select: 2, in0: "a" }, { out: null }],
    [{ select: -1, in0: "a", fallback: "f" }, { out: "f" }],
  ]);
});

describe("system_datetime", () => {
  test("is the machine's local time with its offset", () => {
    const nowMs = Date.UTC(2026, 10, 23, 0, 3, 24, 734) + 0.25;
    const record = evaluate("system_datetime", {}, { nowMs }) as JsonObject;
    const iso = String(record["iso"]);
    expect(iso).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:24\.734250[+-]\d\d:\d\d$/);
    expect(Date.parse(iso)).toBe(Math.floor(nowMs));
    const offset = Number(record["utc_offset_minutes"]);
    const [, sign, hours, minutes] = /([+-])(\d\d):(\d\d)$/.exec(iso) ?? [];
    expect(offset).toBe((sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)));
    expect(Object.keys(record)).toEqual(["iso", "timezone", "utc_offset_minutes", "locale"]);
    expect(record["timezone"]).toBeString();
    expect(record["locale"]).not.toContain("-");
  });
});
