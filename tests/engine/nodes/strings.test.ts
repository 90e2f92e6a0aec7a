import { describe, expect, test } from "bun:test";
import { type JsonObject, float } from "#core/value.ts";
import { NodeError } from "#engine/pure.ts";
import { evaluate, gives, refuses } from "./pure.ts";

const f = float;
const pins = ["a", "b", "c"];

describe("texts from parts", () => {
  gives("concat", [
    [{ a: "x", b: "y" }, "x y", { pins }],
    [{ b: "y", a: "x" }, "x y", { pins }],
    [{ a: "x", c: null }, "x ", { pins }],
    [{ a: true, b: f(5), c: [1, "it's"] }, 'True 5.0 [1, "it\'s"]', { pins }],
    [{ a: { k: 1 }, b: null }, "{'k': 1} ", { pins }],
    [{ a: "x", b: "y" }, "xy", { pins, data: { concatConfig: { separator: "" } } }],
    [{ a: "x", b: "y" }, "x\n\ty", { pins, data: { concatConfig: { separator: "\\n\\t" } } }],
    [{ a: "x", b: "y" }, "x y", { pins, data: { concatConfig: { separator: 5 } } }],
    [{ a: "x", b: "y" }, "x y", { pins, data: { concatConfig: null } }],
    [{ zeta: "3", b: "2", a: "1" }, "1 2 3"],
    [{ constructor: "own" }, "own", { pins: ["constructor", "toString"] }],
    [{}, "", { pins }],
  ]);
  gives("join", [
    [{ items: ["a", null, 1, true, f(2)] }, "a,,1,True,2.0"],
    [{ items: null }, ""],
    [{}, ""],
    [{ items: "abc" }, "abc"],
    [{ items: { k: 1 } }, "{'k': 1}"],
    [{ items: ["a", "b"], delimiter: "\\n- " }, "a\n- b"],
    [{ items: ["a", "b"], delimiter: "" }, "ab"],
    [{ items: ["a", "b"], delimiter: 0 }, "a0b"],
    [{ items: ["a", "b"], delimiter: null }, "a,b"],
  ]);
  gives("coalesce", [
    [{ a: null, b: 0, c: 1 }, 0, { pins }],
    [{ b: "", a: null }, "", { pins }],
    [{ b: 2, a: 1 }, 1],
    [{}, null, { pins }],
  ]);
  gives("format", [
    [{ template: "{name} is {x:.2f}", values: { name: "Ann", x: 1 } }, "Ann is 1.00"],
    [{ template: "{name!r:>7}", values: { name: "it" } }, "   'it'"],
    [{ template: "{{}}" }, "{}"],
    [{ template: "{a}", values: null }, "{a}"],
    [{ template: "{a}", values: [1] }, "{a}"],
    [{ template: null, values: {} }, "None"],
    [{}, ""],
  ]);
  refuses("format", [
    [{ template: "{missing}", values: {} }, "names 'missing', which is missing from the values"],
    [{ template: "{a}" }, "names 'a'"],
    [{ template: "{", values: {} }, "a single '{'"],
    [{ template: "{x:d}", values: { x: "text" } }, "does not fit a text"],
    [{ template: "{x:>99999999}", values: { x: 1 } }, "longer than 33554432 characters"],
  ]);
  gives("string_template", [
    [{ template: "{{a.b[0]|json}}", vars: { a: { b: [{ z: 1, a: f(2) }] } } }, '{"a": 2.0, "z": 1}'],
    [{ template: "Hi {{ name | trim | upper }}!", vars: { name: " ann " } }, "Hi ANN!"],
    [{ template: "{{ x | lower }}", vars: { x: "AB" } }, "ab"],
    [{ template: "{{missing}}{{ null_one }}.", vars: { null_one: null } }, "."],
    [{ template: "{{ missing | json }}", vars: {} }, ""],
    [{ template: "{{tags|join}}", vars: { tags: ["a", null, 1] } }, "a, , 1"],
    [{ template: '{{tags|join(" | ")|upper}}', vars: { tags: ["a", "b"] } }, "A | B"],
    [{ template: "{{tags|join(-)}}", vars: { tags: ["a", "b"] } }, "a-b"],
    [{ template: "{{x|join(',')}}", vars: { x: true } }, "True"],
    [{ template: "{{x|unknown|}}", vars: { x: f(1) } }, "1.0"],
    [{ template: "{{x}} {y} {{ {{x}}", vars: { x: 1 } }, "1 {y} "],
    [{ template: "{{a\nb}} {{x}}", vars: { x: 1 } }, "{{a\nb}} 1"],
    [{ template: "{{\n x \n}}", vars: { x: 1 } }, "1"],
    [{ template: "{{}} {{|json}}", vars: {} }, " "],
    [{ template: "{{x}}", vars: "not an object" }, "", { vars: { x: "a variable of the run" } }],
    [{ template: "{{open", vars: { open: 1 } }, "{{open"],
    [{ template: null }, ""],
  ]);
});

describe("texts taken apart", () => {
  gives("split", [
    [{ text: "A@@B@@", delimiter: "@@" }, ["A", "B"]],
    [{ text: " a , ,b" }, ["a", "b"]],
    [{ text: " a , ,b", trim: false }, [" a ", " ", "b"]],
    [{ text: "a,,b", drop_empty: false }, ["a", "", "b"]],
    [{ text: "a,b", trim: "false" }, ["a", "b"]],
    [{ text: "a\nb", delimiter: "\\n" }, ["a", "b"]],
    [{ text: " a b ", delimiter: "" }, ["a b"]],
    [{ text: "a,b", delimiter: null }, ["a,b"]],
    [{ text: "", delimiter: "" }, []],
    [{ text: "a,b,c", maxsplit: 1 }, ["a", "b,c"]],
    [{ text: "a,b,c", maxsplit: "1" }, ["a", "b,c"]],
    [{ text: "a,b,c", maxsplit: 0 }, ["a,b,c"]],
    [{ text: "a,b,c", maxsplit: -1 }, ["a", "b", "c"]],
    [{ text: "a,b,c", maxsplit: "many" }, ["a", "b", "c"]],
    [{ text: null }, []],
    [{ text: [1, 2] }, ["[1", "2]"]],
    [{}, []],
  ]);
  gives("substring", [
    [{ text: "hello", start: 1, end: 3 }, "el"],
    [{ text: "hello" }, "hello"],
    [{ text: "hello", start: -3 }, "llo"],
    [{ text: "hello", end: -1 }, "hell"],
    [{ text: "hello", start: 4, end: 2 }, ""],
    [{ text: "a😀b", start: 1, end: 2 }, "😀"],
    [{ text: "hello", start: "2", end: null }, "llo"],
    [{ text: 12345, start: 1.9 }, "2345"],
    [{ text: null, start: 0, end: 2 }, "No"],
    [{}, ""],
  ]);
  refuses("substring", [
    [{ text: "x", start: "one" }, "'one' is not an integer"],
    [{ text: "x", start: null }, "None is not a number"],
    [{ text: "x", end: [] }, "a list is not a number"],
  ]);
  gives("length", [
    [{ text: "a😀é" }, 3],
    [{ text: null }, 4],
    [{ text: [1, 2] }, 6],
    [{ text: f(5) }, 3],
    [{}, 0],
  ]);
});

describe("texts changed and looked at", () => {
  gives("uppercase", [
    [{ text: "straße" }, "STRASSE"],
    [{ text: null }, "NONE"],
    [{ text: true }, "TRUE"],
    [{}, ""],
  ]);
  gives("lowercase", [
    [{ text: "ÀB" }, "àb"],
    [{ text: null }, "none"],
    [{}, ""],
  ]);
  gives("trim", [
    [{ text: "\u001c\t x \n" }, "x"],
    [{ text: null }, "None"],
    [{}, ""],
  ]);
  gives("is_empty_string", [
    [{ text: "" }, true],
    [{ text: null }, true],
    [{}, true],
    [{ text: " " }, false],
    [{ text: 0 }, false],
    [{ text: [] }, false],
  ]);
  gives("contains", [
    [{ text: "hello", pattern: "ell" }, true],
    [{ text: "hello", pattern: "Ell" }, false],
    [{ text: "hello", pattern: "" }, false],
    [{ text: "hello", pattern: null }, false],
    [{ text: "hello" }, false],
    [{ text: [true], pattern: "True" }, true],
    [{ text: null, pattern: "None" }, false],
  ]);
  gives("replace", [
    [{ text: "aaa", pattern: "a", replacement: "b" }, "bbb"],
    [{ text: "aaa", pattern: "a", replacement: "b", mode: "first" }, "baa"],
    [{ text: "aaa", pattern: "a", replacement: "b", mode: " Once " }, "baa"],
    [{ text: "aaa", pattern: "a", replacement: "b", mode: 2 }, "bba"],
    [{ text: "aaa", pattern: "a", replacement: "b", mode: "2" }, "bba"],
    [{ text: "aaa", pattern: "a", replacement: "b", mode: -1 }, "bbb"],
    [{ text: "aaa", pattern: "a", replacement: "b", mode: 0 }, "aaa"],
    [{ text: "aaa", pattern: "a", replacement: "b", mode: "sideways" }, "bbb"],
    [{ text: "aaa", pattern: "a", replacement: "b", mode: null }, "bbb"],
    [{ text: "a.c", pattern: ".", replacement: "$&" }, "a$&c"],
    [{ text: "aaa", pattern: "a" }, ""],
    [{ text: "aaa", pattern: "", replacement: "b" }, "aaa"],
    [{ text: "aaa", pattern: null, replacement: "b" }, "aaa"],
    [{ text: null, pattern: "None", replacement: "b" }, ""],
    [{ text: 101, pattern: 0, replacement: f(2) }, "12.01"],
  ]);
});

describe("texts without end are refused before they are made", () => {
  const mebibyte = "x".repeat(1024 * 1024);
  const many = Array.from({ length: 40 }, () => mebibyte);
  const tooMuch: [string, JsonObject][] = [
    ["join", { items: many }],
    ["join", { items: Array.from({ length: 100 }, () => ""), delimiter: mebibyte }],
    ["concat", Object.fromEntries(many.map((text, index) => [`p${index}`, text]))],
    ["replace", { text: mebibyte, pattern: "x", replacement: "y".repeat(100) }],
    ["format", { template: "{a}".repeat(40), values: { a: mebibyte } }],
    ["string_template", { template: "{{a}}".repeat(40), vars: { a: mebibyte } }],
    ["uppercase", { text: "ΐ".repeat(12 * 1024 * 1024) }],
  ];
  test.each(tooMuch)("%s", (type, inputs) => {
    const run = () => evaluate(type, inputs);
    expect(run).toThrow(NodeError);
    expect(run).toThrow("longer than 33554432 characters");
  });

  test("text that only looks like placeholders costs its length", () => {
    const braces = "{".repeat(200_000);
    expect(evaluate("string_template", { template: `${braces} }}`, vars: {} })).toHaveLength(199_001);
  });
});
