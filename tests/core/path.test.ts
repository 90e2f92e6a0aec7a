import { describe, expect, test } from "bun:test";
import { getPath, parsePath } from "#core/path.ts";
import type { Value } from "#core/value.ts";

describe("a path", () => {
  test.each([
    ["a.b[0].c", ["a", "b", "0", "c"]],
    ["a", ["a"]],
    ["", []],
    [" . ", []],
    ["a..b", ["a", "b"]],
    ["[1][2]", ["1", "2"]],
    ["a[x y].z", ["a", "x y", "z"]],
    ["a['b.c'].d", ["a", "b.c", "d"]],
    ['a["[0]"]', ["a", "[0]"]],
    ["a['open", ["a", "'open"]],
    ["a]b[", ["a", "b"]],
  ] as [string, string[]][])("%p has the parts %p", (path, parts) => {
    expect(parsePath(path)).toEqual(parts);
  });

  test("longer than anybody would write is refused", () => {
    expect(() => parsePath("a.".repeat(2000))).toThrow("a path is longer than 2000 characters");
  });

  const root: Value = { a: { b: [{ c: 1 }, null], "": 2, "0": "zero" }, list: [[1, 2]], text: "hello" };

  test.each([
    ["a.b[0].c", 1],
    ["a.b.0.c", 1],
    ["a.b[1]", null],
    ["a.0", "zero"],
    ["list[0][1]", 2],
    ["a.b[2]", undefined],
    ["a.b[-1]", undefined],
    ["a.b.length", undefined],
    ["a.b[1].c", undefined],
    ["text.length", undefined],
    ["text[0]", undefined],
    ["a.constructor", undefined],
    ["__proto__", undefined],
    ["a.b.1e0", undefined],
  ] as [string, Value | undefined][])("%p reads %p", (path, value) => {
    expect(getPath(root, path)).toEqual(value as never);
  });

  test("an empty path is the value itself", () => {
    expect(getPath(root, "")).toBe(root);
    expect(getPath(undefined, "a")).toBeUndefined();
  });
});
