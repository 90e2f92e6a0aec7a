import { describe, expect, test } from "bun:test";
import { type Value, float } from "#core/value.ts";
import { evaluate, gives, refuses } from "./pure.ts";

const f = float;

describe("arithmetic gives floats", () => {
  gives("add", [
    [{ a: 1, b: 2 }, f(3)],
    [{ a: "3" }, f(3)],
    [{ a: " 1_0.5 ", b: true }, 11.5],
    [{}, f(0)],
    [{ b: f(2) }, f(2)],
    [{ a: 0.1, b: 0.2 }, 0.30000000000000004],
  ]);
  refuses("add", [
    [{ a: null }, "'a' must be a number, not None"],
    [{ a: 1, b: "x" }, "'b' must be a number, not 'x'"],
    [{ a: "" }, "'a' must be a number, not ''"],
    [{ a: [1] }, "'a' must be a number, not a list"],
    [{ b: {} }, "'b' must be a number, not an object"],
    [{ a: "1e308", b: "1e308" }, "the result is not a finite number"],
    [{ a: "nan" }, "the result is not a finite number"],
  ]);
  gives("subtract", [
    [{ a: 5, b: 1 }, f(4)],
    [{ b: 1 }, f(-1)],
  ]);
  gives("multiply", [
    [{ a: 2, b: "2.5" }, f(5)],
    [{ a: 2 }, f(0)],
  ]);
  refuses("multiply", [[{ a: 1e300, b: 1e300 }, "not a finite number"]]);
  gives("divide", [
    [{ a: 1, b: 4 }, 0.25],
    [{ a: 6 }, f(6)],
    [{ a: -1, b: 2 }, -0.5],
  ]);
  refuses("divide", [
    [{ a: 1, b: 0 }, "division by zero"],
    [{ a: 1, b: "0" }, "division by zero"],
    [{ a: 1, b: false }, "division by zero"],
    [{ a: 1, b: null }, "'b' must be a number"],
  ]);
  gives("modulo", [
    [{ a: 7, b: 3 }, f(1)],
    [{ a: -7, b: 3 }, f(2)],
    [{ a: 7, b: -3 }, f(-2)],
    [{ a: 5.5, b: 2 }, 1.5],
    [{ a: 6, b: -3 }, f(-0)],
    [{ a: 5 }, f(0)],
  ]);
  refuses("modulo", [[{ a: 5, b: 0 }, "modulo by zero"]]);
  gives("power", [
    [{ base: 2, exp: 10 }, f(1024)],
    [{ base: 2 }, f(2)],
    [{}, f(0)],
    [{ base: 4, exp: 0.5 }, f(2)],
    [{ base: -2, exp: 3 }, f(-8)],
    [{ base: 0, exp: 0 }, f(1)],
  ]);
  refuses("power", [
    [{ base: 0, exp: -1 }, "negative power"],
    [{ base: -1, exp: 0.5 }, "no real power"],
    [{ base: 10, exp: 400 }, "not a finite number"],
  ]);
  gives("abs", [
    [{ value: -3 }, f(3)],
    [{ value: "-2.5" }, 2.5],
    [{}, f(0)],
  ]);
  refuses("abs", [[{ value: null }, "'value' must be a number"]]);
  gives("round", [
    [{ value: 2.5 }, f(2)],
    [{ value: 3.5 }, f(4)],
    [{ value: "2.675", decimals: 2 }, 2.67],
    [{ value: 1234, decimals: -2 }, f(1200)],
    [{ value: 7, decimals: 1.9 }, f(7)],
    [{ value: -0.4 }, f(-0)],
  ]);
  refuses("round", [
    [{ value: 1, decimals: null }, "None is not a number"],
    [{ value: 1, decimals: "two" }, "'two' is not an integer"],
  ]);
});

describe("random numbers", () => {
  gives("random_int", [
    [{}, 50],
    [{ min: 5, max: 5 }, 5],
    [{ min: 10, max: 1 }, 1, { random: 0 }],
    [{ min: 1, max: 10 }, 10, { random: 0.999999 }],
    [{ min: 1.9, max: "3.9" }, 1, { random: 0 }],
    [{ min: "x", max: null }, 0, { random: 0 }],
    [{ min: "-inf", max: 4 }, 4, { random: 0.99 }],
    [{ min: -0.5, max: 0 }, 0],
  ]);
  gives("random_float", [
    [{}, 0.25, { random: 0.25 }],
    [{ min: 2, max: 4 }, f(3)],
    [{ min: 4, max: 2 }, f(2), { random: 0 }],
    [{ min: 7, max: 7 }, f(7)],
    [{ min: [], max: {} }, 0.5],
  ]);
});

describe("comparison and logic", () => {
  gives("compare", [
    [{ a: 1, b: 1 }, true],
    [{ a: 1, b: f(1), op: "==" }, true],
    [{ a: true, b: 1, op: "==" }, true],
    [{ a: "1", b: 1, op: "==" }, false],
    [{ a: [1, { x: 2 }], b: [f(1), { x: true }] }, false],
    [{ a: [1, { x: 2 }], b: [f(1), { x: f(2) }] }, true],
    [{}, true],
    [{ a: null, b: 0 }, false],
    [{ a: 1, b: 1, op: null }, true],
    [{ a: 1, b: 2, op: "!=" }, true],
    [{ a: 1, b: 2, op: "<" }, true],
    [{ a: 2, b: 2, op: "<" }, false],
    [{ a: 2, b: 2, op: "<=" }, true],
    [{ a: "b", b: "a", op: ">" }, true],
    [{ a: [1, 2], b: [1], op: ">" }, true],
    [{ a: f(2), b: 2, op: ">=" }, true],
    [{ a: "10", b: 9, op: ">" }, false],
    [{ a: null, b: null, op: "<=" }, false],
    [{ a: {}, b: {}, op: ">=" }, false],
    [{ a: true, b: 0, op: ">" }, true],
  ]);
  refuses("compare", [
    [{ a: 1, b: 1, op: "" }, "there is no comparison ''"],
    [{ a: 1, b: 1, op: "=" }, "there is no comparison '='"],
    [{ a: 1, b: 1, op: "===" }, "there is no comparison '==='"],
    [{ a: 1, b: 1, op: 5 }, "there is no comparison '5'"],
  ]);

  const truths: [Value, boolean][] = [
    [true, true],
    ["false", true],
    [" ", true],
    [[0], true],
    [{ a: 0 }, true],
    [-1, true],
    [null, false],
    [false, false],
    [0, false],
    [f(0), false],
    ["", false],
    [[], false],
    [{}, false],
  ];
  test.each(truths)("%p counts as %p", (value, wanted) => {
    expect(evaluate("not", { value })).toBe(!wanted);
    expect(evaluate("and", { a: value, b: true })).toBe(wanted);
    expect(evaluate("or", { a: false, b: value })).toBe(wanted);
  });

  gives("and", [
    [{}, false],
    [{ a: 1 }, false],
    [{ a: 1, b: "x" }, true],
  ]);
  gives("or", [
    [{}, false],
    [{ b: 1 }, true],
  ]);
  gives("not", [[{}, true]]);
});
