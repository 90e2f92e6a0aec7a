import { describe, expect, test } from "bun:test";
import { PyFloat, type Value } from "#core/value.ts";
import { body, call, openRunner, outcome } from "./runner.ts";

const runner = await openRunner();

describe("values cross the border unchanged", () => {
  const deep = (levels: number): Value => (levels === 0 ? 1 : [deep(levels - 1)]);
  test.each<[string, Value]>([
    ["null", null],
    ["booleans", [true, false]],
    ["an int", 5],
    ["an integral float", new PyFloat(5)],
    ["negative zero", new PyFloat(-0)],
    ["a fraction", 0.1],
    ["a tiny float", 5e-324],
    ["a large float", new PyFloat(1e300)],
    ["1e16 as a float", new PyFloat(1e16)],
    ["the largest safe int", 9007199254740991],
    ["an int that a double holds exactly", 2 ** 70],
    ["an empty text", ""],
    ["characters beyond the basic plane", "😀 naïve 漢字 𝒳"],
    ["half a surrogate pair", "a\ud83d"],
    ["control characters", '\u0000\u001f\u2028\n\t"\\'],
    ["nested containers", { a: [1, { b: [new PyFloat(2), [], {}] }], "": null, ключ: "x" }],
    ["a list 150 levels deep", deep(150)],
  ])("%s", async (_name, value) => {
    expect(await outcome(runner, body("return x", { x: value }))).toEqual(value);
  });

  test("in both directions by type", async () => {
    const types = body("return [type(x).__name__ for x in v]", { v: [1, new PyFloat(1)] });
    expect(await outcome(runner, types)).toStartWith("!");
    const source = "return [isinstance(x, int) for x in v] + [1, 1.0, 2 // 1, 2 / 1]";
    expect(await outcome(runner, body(source, { v: [1, new PyFloat(1)] }))).toEqual([
      true,
      false,
      1,
      new PyFloat(1),
      2,
      new PyFloat(2),
    ]);
  });
});

describe("Python's own containers", () => {
  test.each<[string, Value]>([
    ["return (1, 2)", [1, 2]],
    ["return {3}", [3]],
    ["return frozenset([4])", [4]],
    ["return {1: 'a', None: 'b', True: 'c', 1.5: 'd'}", { "1": "c", null: "b", "1.5": "d" }],
    ["class Text(str): pass\nreturn Text('a')", "a"],
    ["return {'b': 1, 'a': 2}", { b: 1, a: 2 }],
  ])("%s", async (source, expected) => {
    const value = await outcome(runner, body(source));
    expect(value).toEqual(expected);
    expect(JSON.stringify(value)).toBe(JSON.stringify(expected));
  });

  test.each([
    ["return 2**53 + 1", "beyond 2**53"],
    ["return 10**400", "beyond 2**53"],
    ["return float('nan')", "float nan"],
    ["return [float('-inf')]", "float -inf"],
    ["return print", "type function"],
    ["return {(1, 2): 3}", "key of type tuple"],
    ["return b'x'", "type bytes"],
    ["return 1j", "type complex"],
    ["a = []\na.append(a)\nreturn a", "holds itself"],
    ["a = [0]\nfor _ in range(60): a = [a, a]\nreturn a", "too large"],
    ["return 'x' * 9_000_000", "too large"],
    ["return (x for x in [])", "type generator"],
  ])("%s is a clear error", async (source, reason) => {
    expect(await outcome(runner, body(source))).toStartWith("!");
    expect(await outcome(runner, body(source))).toContain(reason);
  });
});

describe("a page of programs", () => {
  test.each<[string, Value]>([
    ["return sorted(['b', 'A', 'ä'])", ["A", "b", "ä"]],
    ["return 'ẞ'.lower() + 'ß'.upper() + 'İ'.lower()", "ßSSi̇"],
    ["return '%05.1f|%x' % (3.14159, 255)", "003.1|ff"],
    ["return f'{1234567.891:,.2f} {42:>6} {\"x\":^5}|'", "1,234,567.89     42   x  |"],
    ["return [-7 // 2, -7 % 3, 7 // -2]", [-4, 2, -4]],
    ["return [round(2.5), round(3.5), round(-2.5)]", [2, 4, -2]],
    ["return 0.1 + 0.2", 0.30000000000000004],
    ["return '-'.join(str(x) for x in range(5) if x % 2)", "1-3"],
    ["return {k: v for v, k in enumerate('abc')}", { a: 0, b: 1, c: 2 }],
    ["a, *b = [1, 2, 3]\nreturn b", [2, 3]],
    ["try:\n  1/0\nexcept ZeroDivisionError as e:\n  return str(e)", "division by zero"],
    ["match {'a': 1}:\n  case {'a': x}: return x", 1],
    ["def fib(n): return n if n < 2 else fib(n-1) + fib(n-2)\nreturn fib(15)", 610],
    ["return [x := 3, x * 2]", [3, 6]],
    ["return '😀a'[::-1] + str(len('😀'))", "a😀1"],
    ["return 'a,b,,c'.split(',')", ["a", "b", "", "c"]],
    ["return list(map(lambda p: p[0] * p[1], zip([1, 2], [3, 4])))", [3, 8]],
    ["return (2**100) % 1000007", Number(2n ** 100n % 1_000_007n)],
    ["text = '''a\n  b\n'''\nreturn text", "a\n  b\n"],
    ["print('silent')\nreturn None", null],
    ["class P:\n  def __init__(self, n): self.n = n\nreturn P(3).n", 3],
    ["return sum([0.1] * 10) == 1.0", true],
  ])("%s", async (source, expected) => {
    expect(await outcome(runner, body(source))).toEqual(expected);
  });
});

describe("the source", () => {
  test("is a function of a name, or a body with a local per pin", async () => {
    const source = "def double(_input):\n  return _input['x'] * 2";
    expect(await outcome(runner, { source, functionName: "double", input: { x: 4 } })).toBe(8);
    expect(await outcome(runner, { source, input: {} })).toBe("!The code defines no function 'transform'");
    expect(
      await outcome(runner, {
        source: "return p_1 + [a_b]",
        locals: [
          ["p_1", "1"],
          ["a_b", "a b"],
        ],
        input: { "1": [1] },
      }),
    ).toEqual([1, null]);
    expect(await outcome(runner, { source: "# nothing", locals: [], input: { x: 4 } })).toEqual({ x: 4 });
  });

  test.each([
    ["def transform(x):\n  return 1\n\n  1/0 +", "SyntaxError: invalid syntax (line 4)"],
    ["def transform(x):\n\n  return x['k']", "KeyError: 'k' (line 3)"],
    ["1/0\ndef transform(x): pass", "ZeroDivisionError: division by zero (line 1)"],
    ["def transform():\n  pass", "TypeError: transform() takes 0 positional arguments but 1 was given"],
    ["def transform(x):\n  raise ValueError('😀 no')", "ValueError: 😀 no (line 2)"],
    ["def transform(x):\n  assert False", "AssertionError (line 2)"],
    ["transform = 5", "'transform' is not a function in the code"],
    ["def transform(x):\n  raise SystemExit(3)", "SystemExit: 3 (line 2)"],
    ["def transform(x):\n  undefined", "NameError: name 'undefined' is not defined (line 2)"],
  ])("%j fails with %s", async (source, error) => {
    expect(await outcome(runner, { source })).toBe(`!${error}`);
  });

  test("has its own line numbers as a body", async () => {
    expect(await outcome(runner, body("y = a\n\nreturn y / 0", { a: 1, b: 2 }))).toBe(
      "!ZeroDivisionError: division by zero (line 3)",
    );
  });
});

test("a call says what it used", async () => {
  const result = await call(runner, body("return sum(range(100000))"));
  expect(result.usage?.rssBytes).toBeGreaterThan(1e7);
  expect(result.usage?.cpuTimeMs).toBeGreaterThan(0);
  expect(result.durationMs).toBeGreaterThan(0);
});
