import { describe, expect, test } from "bun:test";
import { type Value, float, isObject } from "#core/value.ts";
import { NodeError } from "#engine/pure.ts";
import { evaluate, gives, refuses } from "./pure.ts";

const f = float;

describe("parse_json", () => {
  gives("parse_json", [
    [{ text: 'x {"a":1} y' }, { a: 1 }],
    [{ text: "5" }, { value: 5 }],
    [{ text: "5.0" }, { value: f(5) }],
    [{ text: ' "text" ' }, { value: "text" }],
    [{ text: "true" }, { value: true }],
    [{ text: "True" }, { value: true }],
    [{ text: "None" }, { value: null }],
    [{ text: 5 }, { value: 5 }],
    [{ text: false }, { value: false }],
    [{ text: "5", wrap_scalar: false }, 5],
    [{ text: "[1]", wrap_scalar: false }, [1]],
    [{ text: { a: 1 } }, { a: 1 }],
    [{ text: [1] }, [1]],
    [{ text: '{"result":1,"z":2}' }, { result: 1, z: 2 }],
    [{ text: '```json\n{"a": 1}\n```' }, { a: 1 }],
    [{ text: "```\n[1, 2.0]\n```\nThat is all." }, [1, f(2)]],
    [{ text: '```json {"a": 1}```' }, { a: 1 }],
    [{ text: '```json\n{"a": 1}' }, { a: 1 }],
    [{ text: 'Sure! {"a": "}{", "b": [1, {"c": "\\"]"}]} and {"z": 1}' }, { a: "}{", b: [1, { c: '"]' }] }],
    [{ text: "{not json} but [1, 2]" }, [1, 2]],
    [{ text: "{'a': 'it''s', 'b': (1, 2.0), 'c': None, 'd': True,}" }, { a: "its", b: [1, f(2)], c: null, d: true }],
    [{ text: "{'a': true, 'b': null}" }, { a: true, b: null }],
    [{ text: "1, 2" }, [1, 2]],
  ]);
  refuses("parse_json", [
    [{}, "'text' is empty"],
    [{ text: null }, "'text' is empty"],
    [{ text: " \n " }, "'text' is empty"],
    [{ text: "``````" }, "'text' is not JSON: '``````'"],
    [{ text: "null" }, "'text' is not JSON: 'null'"],
    [{ text: "hello world" }, "'text' is not JSON: 'hello world'"],
    [{ text: '{"a": ' }, "'text' is not JSON"],
    [{ text: "{'a': open('/etc/passwd')}" }, "'text' is not JSON"],
    [{ text: "[1, 2" }, "'text' is not JSON"],
    [{ text: '{"a": NaN}' }, "'text' is not JSON"],
    [{ text: "x".repeat(100_000) }, `'text' is not JSON: '${"x".repeat(80)}'…`],
  ]);

  test("looks for an embedded value at 64 places and no more", () => {
    expect(evaluate("parse_json", { text: `${"{ ".repeat(63)}[1]` })).toEqual([1]);
    expect(() => evaluate("parse_json", { text: `${"{ ".repeat(64)}[1]` })).toThrow(NodeError);
  });

  test.each(["[", "{'a':", '{"a":', "(", "[1.0,"])("ten thousand times %p is refused with a sentence", (open) => {
    expect(() => evaluate("parse_json", { text: open.repeat(10_000) })).toThrow(NodeError);
    const closed = `${"[".repeat(10_000)}1.0${"]".repeat(10_000)}`;
    expect(() => evaluate("parse_json", { text: closed })).toThrow(NodeError);
  });

  test("a value that could be read but not stored is refused", () => {
    const deep = `${"[".repeat(5000)}${"]".repeat(5000)}`;
    expect(() => evaluate("parse_json", { text: deep })).toThrow("nested more than 1000 levels deep");
  });

  test("a key __proto__ stays a key", () => {
    const value = evaluate("parse_json", { text: '{"__proto__": {"polluted": 1}}' });
    expect(isObject(value) && Object.hasOwn(value, "__proto__")).toBe(true);
  });
});

describe("stringify_json", () => {
  const value = { b: 1, a: [1, f(2), { c: null }], é: "ü", e: [] };
  gives("stringify_json", [
    [{ value, mode: "none" }, '{"b": 1, "a": [1, 2.0, {"c": null}], "é": "ü", "e": []}'],
    [{ value, mode: "minified" }, '{"b":1,"a":[1,2.0,{"c":null}],"é":"ü","e":[]}'],
    [{ value: { a: [1], b: {} } }, '{\n  "a": [\n    1\n  ],\n  "b": {}\n}'],
    [{ value: { a: 1 }, mode: " Minified " }, '{"a":1}'],
    [{ value: { a: 1 }, mode: "unknown" }, '{\n  "a": 1\n}'],
    [{ value: { a: 1 }, indent: 0 }, '{"a":1}'],
    [{ value: { a: 1 }, indent: "4" }, '{\n    "a": 1\n}'],
    [{ value: { a: 1 }, indent: "wide" }, '{\n  "a": 1\n}'],
    [{ value: { a: 1 }, mode: "beautify", indent: -1 }, '{\n  "a": 1\n}'],
    [{ value: { b: 1, a: 2 }, mode: "none", sort_keys: true }, '{"a": 2, "b": 1}'],
    [{ value: { b: 1, a: 2 }, mode: "none", sort_keys: "yes" }, '{"b": 1, "a": 2}'],
    [{ value: '{"a":1,"b":[]}', mode: "none" }, '{"a": 1, "b": []}'],
    [{ value: "```json\n{'a': True}\n```", mode: "minified" }, '{"a":true}'],
    [{ value: 'see {"a":1} there', mode: "none" }, '{"a": 1}'],
    [{ value: "5.0" }, "5.0"],
    [{ value: "hello" }, '"hello"'],
    [{ value: "" }, '""'],
    [{ value: "null" }, '"null"'],
    [{ value: null }, "null"],
    [{}, "null"],
    [{ value: true }, "true"],
    [{ value: 0.00001 }, "1e-05"],
    [{ value: f(1e16) }, "1e+16"],
  ]);

  test("a value that shares its parts a million times is refused before it fills the memory", () => {
    let shared: Value = ["x".repeat(10_000)];
    for (let round = 0; round < 40; round++) shared = [shared, shared];
    expect(() => evaluate("stringify_json", { value: shared })).toThrow("longer than 33554432 characters");
  });
});

describe("break_object", () => {
  const selecting = (...selectedPaths: Value[]) => ({ data: { breakConfig: { selectedPaths } } });
  gives("break_object", [
    [{ object: { a: 1, b: { c: f(2) } } }, { a: 1, "b.c": f(2) }, selecting("a", "b.c")],
    [{ object: { list: [{ x: 1 }] } }, { "list.0.x": 1, "list[0].x": 1 }, selecting("list.0.x", "list[0].x")],
    [{ object: { a: 1 } }, { missing: null, "a.b": null }, selecting(" missing ", "a.b", "", 5)],
    [{ object: '```json\n{"a": 1}\n```' }, { a: 1 }, selecting("a")],
    [{ object: "{'a': 1}" }, { a: 1 }, selecting("a")],
    [{ object: "7" }, { value: 7 }, selecting("value")],
    [{ object: "just words" }, { a: null }, selecting("a")],
    [{ object: null }, { a: null }, selecting("a")],
    [{ object: 5 }, { a: null }, selecting("a")],
    [{}, { a: null }, selecting("a")],
    [{ object: { a: 1, b: 2 } }, { b: 2 }, { outputs: ["b"] }],
    [{ object: { a: 1 } }, {}, { data: { breakConfig: "junk" } }],
    [{ object: {} }, { constructor: null }, selecting("constructor")],
  ]);
});
