import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { parseObject } from "#core/json.ts";
import { fixedText, reprFloat, roundHalfEven } from "#core/python-float.ts";
import { formatValue } from "#core/python-format-spec.ts";
import { formatTemplate } from "#core/python-format.ts";
import { dumpJson } from "#core/python-json.ts";
import { parseLiteral } from "#core/python-literal.ts";
import { codePointLength, compareCodePoints, sliceCodePoints, strip } from "#core/python-text.ts";
import { lenientBool, pyCompare, pyEquals, pyRepr, pyStr, sliceBounds, toFloat, toInt, truthy } from "#core/python.ts";
import { type JsonObject, PyFloat, type Value, float, isObject, numberOf } from "#core/value.ts";

/** Written by CPython 3.11: what it answered for each input, null where it raised. */
const vectors = parseObject(readFileSync(new URL("./python-vectors.json", import.meta.url), "utf8"));

function rows(name: string): Value[][] {
  const list = vectors[name];
  if (!Array.isArray(list) || list.length < 10) throw new Error(`there are no vectors '${name}'`);
  return list as Value[][];
}

/** The rows for which the answer differs: a failure shows all of them at once. */
function differences(name: string, answer: (row: Value[]) => unknown, expected: (row: Value[]) => unknown): unknown[] {
  return rows(name)
    .map((row) => ({ row, got: answer(row), wanted: expected(row) }))
    .filter(({ got, wanted }) => !Bun.deepEquals(got, wanted, true));
}

function orNull<Result>(run: () => Result): Result | null {
  try {
    return run();
  } catch (error) {
    if (error instanceof RangeError) throw error;
    return null;
  }
}

const at = (row: Value[], index: number): Value => row[index] ?? null;

describe("Python's values", () => {
  test("str() and repr() are CPython's", () => {
    const answers = (row: Value[]) => [pyStr(at(row, 0)), pyRepr(at(row, 0))];
    expect(differences("str", answers, (row) => [row[1], row[2]])).toEqual([]);
  });

  test("infinities and NaN are written as Python writes them", () => {
    expect([Infinity, -Infinity, Number.NaN].map(reprFloat)).toEqual(["inf", "-inf", "nan"]);
    expect(pyRepr([Infinity])).toBe("[inf]");
  });

  test("an int beyond the safe range is written without an exponent", () => {
    expect(pyStr(1e21)).toBe("1000000000000000000000");
  });

  test("truthiness is CPython's; what is absent is false", () => {
    expect(
      differences(
        "truthy",
        (row) => truthy(at(row, 0)),
        (row) => row[1],
      ),
    ).toEqual([]);
    expect([undefined, Number.NaN].map(truthy)).toEqual([false, true]);
  });

  test("equality and order are CPython's", () => {
    const answers = (row: Value[]) => [pyEquals(at(row, 0), at(row, 1)), pyCompare(at(row, 0), at(row, 1))];
    expect(differences("compare", answers, (row) => [row[2], row[3]])).toEqual([]);
  });

  test("NaN is neither equal to nor before or after anything", () => {
    expect(pyEquals(Number.NaN, Number.NaN)).toBe(false);
    expect(pyCompare(Number.NaN, 1)).toBeNull();
    expect(pyCompare(-Infinity, Infinity)).toBe(-1);
    expect(pyCompare(Infinity, Infinity)).toBe(0);
  });

  test("float() takes and refuses what CPython's does", () => {
    const answer = (row: Value[]) => orNull(() => toFloat(at(row, 0)));
    const wanted = (row: Value[]) => {
      const value = at(row, 1);
      return isObject(value) ? Number(String(value["$"]).replace("inf", "Infinity")) : numberOf(value);
    };
    expect(differences("float", answer, wanted)).toEqual([]);
    expect(toFloat(" -Infinity ")).toBe(-Infinity);
    expect(toFloat("NaN")).toBeNaN();
  });

  test("int() takes and refuses what CPython's does", () => {
    expect(
      differences(
        "int",
        (row) => orNull(() => toInt(at(row, 0))),
        (row) => row[1],
      ),
    ).toEqual([]);
    expect(() => toInt(Infinity)).toThrow("inf is not an integer");
  });

  test("a number that cannot be read is named, a long one only in part", () => {
    expect(() => toFloat("12 apples")).toThrow("'12 apples' is not a number");
    expect(() => toFloat(null)).toThrow("None is not a number");
    expect(() => toInt({ a: 1 })).toThrow("an object is not a number");
    const long = orNull(() => toFloat("x".repeat(5_000_000)));
    expect(long).toBeNull();
    expect(() => toFloat("x".repeat(5_000_000))).toThrow(/^'x{80}'… is not a number$/);
  });

  test("round() is CPython's, half to even on the exact value", () => {
    const answer = (row: Value[]) => orNull(() => float(roundHalfEven(numberOf(row[0]) ?? 0, numberOf(row[1]) ?? 0)));
    expect(differences("round", answer, (row) => row[2])).toEqual([]);
    expect(roundHalfEven(Infinity, 2)).toBe(Infinity);
  });

  test("a number with more decimals than it has ends in zeros", () => {
    expect(fixedText(0.5, 1200)).toBe(`0.5${"0".repeat(1199)}`);
  });

  test("strip() takes Python's white space only", () => {
    expect(
      differences(
        "strip",
        (row) => strip(String(row[0])),
        (row) => row[1],
      ),
    ).toEqual([]);
  });

  test.each([
    [true, true],
    [0, false],
    [2.5, true],
    [new PyFloat(0), false],
    [" YES ", true],
    ["on", true],
    ["1", true],
    ["true", true],
    ["no", false],
    ["", false],
    ["anything", false],
    [[1], false],
    [{ a: 1 }, false],
    [null, false],
  ] as [Value, boolean][])("the lenient boolean of %p is %p", (value, wanted) => {
    expect(lenientBool(value)).toBe(wanted);
  });

  test("lengths and slices count code points", () => {
    expect(codePointLength("a😀é")).toBe(3);
    expect(sliceCodePoints("a😀bc", 1, 3)).toBe("😀b");
    expect(sliceCodePoints("abc", 2, 1)).toBe("");
    expect(compareCodePoints("\uffff", "😀")).toBe(-1);
  });

  test.each([
    [5, null, null, [0, 5]],
    [5, -2, null, [3, 5]],
    [5, 1, -1, [1, 4]],
    [5, -99, 99, [0, 5]],
    [0, 3, -3, [0, 0]],
  ] as [number, number | null, number | null, number[]][])(
    "slice bounds of %p from %p to %p",
    (length, a, b, wanted) => {
      expect(sliceBounds(length, a, b)).toEqual(wanted as [number, number]);
    },
  );
});

describe("Python's format()", () => {
  test("specifications give what CPython gives, and are refused where it refuses", () => {
    const answer = (row: Value[]) => orNull(() => formatValue(at(row, 0), String(row[1])));
    expect(differences("format", answer, (row) => row[2])).toEqual([]);
  });

  test("infinities and NaN are padded like numbers", () => {
    const formatted = ["05", ".1f", "F", "+e", "%", ",.2f", "012,"].map((spec) => formatValue(Infinity, spec));
    expect(formatted).toEqual(["00inf", "inf", "INF", "+inf", "inf%", "inf", "000000000inf"]);
    expect(formatValue(Number.NaN, ">6.2f")).toBe("   nan");
  });

  test("templates give what CPython gives, and are refused where it refuses", () => {
    const values = vectors["templateValues"] as JsonObject;
    const answer = (row: Value[]) => orNull(() => formatTemplate(String(row[0]), values));
    expect(differences("template", answer, (row) => row[1])).toEqual([]);
  });

  test("a dot reads a key of an object", () => {
    expect(formatTemplate("{a.b[0].c:>3}", { a: { b: [{ c: 1 }] } })).toBe("  1");
  });

  test.each([
    ["{user.nmae}", "the format string names 'user.nmae', which is missing from the values"],
    ["{constructor}", "the format string names 'constructor', which is missing from the values"],
    ["{}", "the format string asks for '{}' by position; values have names"],
    ["a } b", "the format string has a single '}'; a literal brace is written twice"],
    ["{user", "the format string ends inside a field: a '}' is missing"],
    ["{user:x}", "the format specification 'x' does not fit an object"],
    ["{user!z}", "the format string has the conversion '!z'; there are !r, !s and !a"],
    ["{n:999999999999}", "the text would be longer than 33554432 characters"],
    ["{n:.999999999999f}", "the text would be longer than 33554432 characters"],
  ])("%p is refused with one sentence", (template, message) => {
    expect(() => formatTemplate(template, { user: { name: "x" }, n: 1 })).toThrow(message);
  });
});

describe("Python's JSON and literals", () => {
  test("json.dumps is CPython's", () => {
    const answer = (row: Value[]) => {
      const { compact, indent, sort } = row[1] as JsonObject;
      return dumpJson(at(row, 0), {
        ...(compact === true ? { isCompact: true } : {}),
        ...(typeof indent === "number" ? { indent } : {}),
        sortKeys: sort === true,
      });
    };
    expect(differences("dumps", answer, (row) => row[2])).toEqual([]);
    expect(dumpJson([Infinity, -Infinity, Number.NaN])).toBe("[Infinity, -Infinity, NaN]");
  });

  test("literals are read as ast.literal_eval reads them", () => {
    const answer = (row: Value[]) => orNull(() => ({ value: parseLiteral(String(row[0])) }));
    expect(differences("literal", answer, (row) => row[1])).toEqual([]);
  });

  test("the constants of JSON are read among Python's", () => {
    expect(parseLiteral("{'a': true, 'b': null, 'c': False}")).toEqual({ a: true, b: null, c: false });
  });

  test("a key __proto__ stays a key", () => {
    const value = parseLiteral("{'__proto__': {'polluted': 1}}") as JsonObject;
    expect(Object.keys(value)).toEqual(["__proto__"]);
    expect(value["polluted"]).toBeUndefined();
  });

  test.each(["[", "{'a':", "(", "'" + "\\".repeat(9), '"""a', "1e", "[1,", "{1}", "b'x'"])("%p is refused", (text) => {
    expect(() => parseLiteral(text)).toThrow();
  });
});

describe("hostile values", () => {
  const nested = (levels: number) => {
    let value: Value = [];
    for (let level = 0; level < levels; level++) value = level % 2 ? [value] : { a: value };
    return value;
  };
  const doubled = (times: number) => {
    let value: Value = ["x".repeat(10_000)];
    for (let round = 0; round < times; round++) value = [value, value];
    return value;
  };

  test.each([
    ["repr", () => pyRepr(nested(10_000))],
    ["equality", () => pyEquals(nested(10_000), nested(10_000))],
    ["order", () => pyCompare(nested(10_000), nested(10_000))],
    ["json", () => dumpJson(nested(10_000))],
    ["literal", () => parseLiteral("[".repeat(10_000))],
  ])("ten thousand levels are refused by %s, not by the stack", (_name, run) => {
    expect(run).toThrow(/nested/);
    expect(orNull(run)).toBeNull();
  });

  test.each([
    ["repr", () => pyRepr(doubled(40))],
    ["json", () => dumpJson(doubled(40))],
  ])("a value that shares its parts is refused by %s before it fills the memory", (_name, run) => {
    expect(run).toThrow("the text would be longer than 33554432 characters");
  });

  test("long texts cost their length", () => {
    const digits = "1".repeat(300_000);
    expect(() => toFloat(`${digits}x`)).toThrow("is not a number");
    expect(() => toInt("1_".repeat(150_000))).toThrow("is not an integer");
    expect(strip(`a${" ".repeat(300_000)}b`)).toHaveLength(300_002);
    expect(parseLiteral(`[${"1,".repeat(100_000)}]`)).toHaveLength(100_000);
  });
});
