import { describe, expect, test } from "bun:test";
import type { Key as InkKey } from "ink";
import { keysOf, movement } from "#clients/terminal/key.ts";

const ink = (fields: Partial<InkKey> = {}) => ({ ...fields }) as InkKey;

describe("keys", () => {
  test("that come at once over a slow line are one each, whatever they are", () => {
    expect(keysOf("hi\r\t\u007f\u0003j", ink()).map(({ name, text }) => text || name)).toEqual([
      "h",
      "i",
      "enter",
      "tab",
      "backspace",
      "c",
      "j",
    ]);
    expect(keysOf("\u0003", ink())).toEqual([{ name: "control", text: "c" }]);
  });

  test("have names, chords that mean nothing are no text", () => {
    expect(keysOf("", ink({ upArrow: true }))).toEqual([{ name: "up", text: "" }]);
    expect(keysOf("", ink({ tab: true, shift: true }))).toEqual([{ name: "backTab", text: "" }]);
    expect(keysOf("C", ink({ ctrl: true }))).toEqual([{ name: "control", text: "c" }]);
    expect(keysOf("x", ink({ meta: true }))).toEqual([]);
  });

  test("move as arrows and as in vi", () => {
    const moves = (text: string) => movement({ name: "text", text });
    expect([..."jkgG bx"].map(moves)).toEqual(["down", "up", "start", "end", "pageDown", "pageUp", null]);
    expect(movement({ name: "control", text: "d" })).toBe("pageDown");
    expect(movement({ name: "home", text: "" })).toBe("start");
    expect(movement({ name: "enter", text: "" })).toBeNull();
  });
});
