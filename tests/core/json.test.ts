import { describe, expect, test } from "bun:test";
import { canonicalJson, parseJson, parseObject, stringifyJson } from "#core/json.ts";
import { PyFloat, type Value, float, floatText, isObject, numberOf } from "#core/value.ts";

describe("workflow JSON", () => {
  test.each([
    ["5.0", new PyFloat(5), "5.0"],
    ["1e3", new PyFloat(1000), "1000.0"],
    ["1E+2", new PyFloat(100), "100.0"],
    ["10.50e1", new PyFloat(105), "105.0"],
    ["-0.0", new PyFloat(-0), "-0.0"],
    ["1e16", new PyFloat(1e16), "1e+16"],
    ["1.5e300", new PyFloat(1.5e300), "1.5e+300"],
    ["4503599627370496.5", new PyFloat(4503599627370496), "4503599627370496.0"],
    ["0.99999999999999999", new PyFloat(1), "1.0"],
    ["5", 5, "5"],
    ["5.5", 5.5, "5.5"],
    ["1.5e0", 1.5, "1.5"],
    ["9007199254740991", 9007199254740991, "9007199254740991"],
    ['"5.0"', "5.0", '"5.0"'],
  ] as [string, Value, string][])("%s is read as what Python reads and written back as %p", (text, value, written) => {
    expect(parseJson(text)).toStrictEqual(value);
    expect(stringifyJson(parseJson(text))).toBe(written);
  });

  test("floats stay floats wherever they are nested, and ints ints", () => {
    const text = '{"a":[1,1.0,{"b":2.0,"c":{"d":[3.0,3]}}],"e 1.0":"1.0","f":1e2,"g":[[[7.0]]]}';
    expect(stringifyJson(parseJson(text))).toBe(text.replace("1e2", "100.0"));
  });

  test("what was written is read as the same value", () => {
    const value: Value = { int: 1, float: float(1), fraction: 0.1, list: [float(-0), float(1e21), null, true, "x"] };
    expect(parseJson(stringifyJson(value))).toStrictEqual(value);
  });

  test("a key __proto__ stays a key, in the digest too", () => {
    const value = parseJson('{"__proto__":{"x":1.0},"a":2}');
    expect(stringifyJson(value)).toBe('{"__proto__":{"x":1.0},"a":2}');
    expect(canonicalJson(value)).toBe('{"__proto__":{"x":1.0},"a":2}');
  });

  test.each(["", "{", "[1,]", "{'a':1}", "1 2", "NaN", '{"a":1.0', "\u0000", "01.0"])("%p is a SyntaxError", (text) => {
    expect(() => parseJson(text)).toThrow(SyntaxError);
  });

  test("nesting without end is a SyntaxError, not an overflow of the stack", () => {
    const deep = `${"[".repeat(100_000)}1.0${"]".repeat(100_000)}`;
    expect(() => parseJson(deep)).toThrow("the JSON is nested too deeply");
  });

  test.each(["[]", "1.0", '"x"', "null"])("%s is not an object", (text) => {
    expect(() => parseObject(text)).toThrow("expected a JSON object");
  });

  test("the canonical form sorts keys at every level and has no spaces", () => {
    expect(canonicalJson({ b: [{ d: 1, c: float(2) }], a: null })).toBe('{"a":null,"b":[{"c":2.0,"d":1}]}');
  });
});

describe("a value", () => {
  test("only an integral float needs a wrapper", () => {
    expect(float(5)).toStrictEqual(new PyFloat(5));
    expect(float(5.5)).toBe(5.5);
    expect([float(Infinity), float(-Infinity)]).toEqual([Infinity, -Infinity]);
  });

  test("a float is no object, and a boolean is no number", () => {
    expect([{}, float(1), [], null, "x", undefined].map(isObject)).toEqual([true, false, false, false, false, false]);
    expect([1, 0.5, float(2), true, "1", null, undefined].map(numberOf)).toEqual([1, 0.5, 2, null, null, null, null]);
  });

  test.each([
    [0, "0.0"],
    [-0, "-0.0"],
    [-12, "-12.0"],
    [999999999999999, "999999999999999.0"],
    [1e16, "1e+16"],
    [1.25e21, "1.25e+21"],
  ])("the text of the float %p is %s", (value, text) => {
    expect(floatText(value)).toBe(text);
  });
});
