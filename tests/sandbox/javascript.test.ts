import { describe, expect, test } from "bun:test";
import { PyFloat, type Value } from "#core/value.ts";
import type { CodeRequest } from "#sandbox/code-runner.ts";
import { body, call, openRunner, outcome } from "./runner.ts";

const runner = await openRunner();
const js = (source: string, input = {}): Partial<CodeRequest> & { source: string } => ({
  ...body(source, input),
  language: "javascript",
});

describe("values", () => {
  test.each<[string, Value]>([
    ["null", null],
    ["booleans", [true, false]],
    ["numbers", [5, 0.1, -3, 5e-324]],
    ["texts", "😀 naïve 漢字 \u0000\u2028"],
    ["half a surrogate pair", "a\ud83d"],
    ["nested containers", { a: [1, { b: [] }], "": null }],
  ])("%s come back unchanged", async (_name, value) => {
    expect(await outcome(runner, js("return x", { x: value }))).toEqual(value);
  });

  test.each<[string, Value]>([
    ["return x / 2", 2.5],
    ["return 9007199254740991n", 9007199254740991],
    ["return undefined", null],
    ["return {a: undefined, b: [,1]}", { a: null, b: [null, 1] }],
    ["return [...'😀'].length", 1],
    ["return Promise.resolve(3)", 3],
    ["return (async () => { await null; return 4 })()", 4],
    ["return new Map([[1, 2]])", {}],
  ])("%s", async (source, expected) => {
    expect(await outcome(runner, js(source, { x: new PyFloat(5) }))).toEqual(expected);
  });

  test.each([
    ["return 0/0", "NaN"],
    ["return () => 1", "a function"],
    ["return Symbol('x')", "a symbol"],
    ["return 2n ** 64n", "beyond 2**53"],
    ["const a = []; a.push(a); return a", "holds itself"],
    ["let a = [0]; for (let i = 0; i < 60; i++) a = [a, a]; return a", "too large"],
    ["return new Promise(() => {})", "never comes"],
    ["return Promise.reject(new Error('no'))", "Error: no"],
    ["\nreturn missing", "ReferenceError: 'missing' is not defined (line 2)"],
    ["throw 'text'", "Uncaught text"],
    ["return (", "SyntaxError"],
    ["throw { toString() { throw 1 } }", "cannot be described"],
  ])("%s is a clear error", async (source, reason) => {
    const seen = await outcome(runner, { ...js(source), limits: { maxResultBytes: 100_000 } });
    expect(seen).toStartWith("!");
    expect(seen).toContain(reason);
  });

  test("the source may be whole code with a function of a name", async () => {
    const source = "const twice = (input) => input.x * 2;";
    expect(await outcome(runner, { language: "javascript", source, functionName: "twice", input: { x: 4 } })).toBe(8);
    expect(await outcome(runner, { language: "javascript", source })).toBe("!The code defines no function 'transform'");
  });
});

describe("escapes", () => {
  test.each([
    "this.constructor.constructor('return process')()",
    "(() => {}).constructor('return process')()",
    "Function('return process')()",
    "eval('process')",
    "require('fs')",
    "Bun.version",
    "fetch('http://127.0.0.1')",
    "std.open('/etc/passwd')",
    "os.exec(['true'])",
    "setTimeout(() => 1)",
    "WebAssembly.Module",
  ])("%s reaches nothing", async (expression) => {
    expect(await outcome(runner, js(`return typeof (${expression})`))).toMatch(/^!(ReferenceError|TypeError)/);
  });

  test("there are no modules to import", async () => {
    expect(await outcome(runner, js("return import('fs')"))).toStartWith("!");
  });

  test("nothing of a call reaches the next, and a call cannot forge its answer", async () => {
    const forge = `
      JSON.stringify = () => '"forged"'; Array.isArray = () => false; Object.keys = () => [];
      Object.prototype.toJSON = () => 'forged'; Array.prototype.toJSON = () => 'forged'; globalThis.leak = 1;
      return {a: [1]};`;
    expect(await outcome(runner, js(forge))).toEqual({ a: [1] });
    expect(await outcome(runner, js("return [typeof leak, JSON.stringify([1])]"))).toEqual(["undefined", "[1]"]);
  });
});

describe("limits", () => {
  test.each([
    "for (;;);",
    "/(a+)+$/.test('a'.repeat(60) + 'b'); for (;;);",
    "try { for (;;); } catch { } finally { for (;;); }",
  ])("%s is stopped in time", async (source) => {
    const result = await call(runner, { ...js(source), limits: { timeoutMs: 300 } });
    expect(result).toMatchObject({ error: "The code ran longer than 300 ms and was stopped" });
  });

  test.each([
    ["let a = 'a'; for (;;) a += a;", /^!/],
    ["const a = []; for (;;) a.push(new Array(1000).fill(1));", /^!/],
    ["const f = () => f(); f();", /^!(InternalError|RangeError)/],
    ["let a = []; for (let i = 0; i < 1e5; i++) a = [a]; return a", /^!/],
    ["return 'x'.repeat(9_000_000)", /^!The result is too large/],
    ["for (let i = 0; i < 1e5; i++) globalThis.console?.log(i); return 1", /^1$/],
  ])("%s", async (source, expected) => {
    expect(
      String(await outcome(runner, { ...js(source), limits: { memoryBytes: 64 * 1024 * 1024, timeoutMs: 20_000 } })),
    ).toMatch(expected);
    expect(await outcome(runner, js("return 1"))).toBe(1);
  });
});
