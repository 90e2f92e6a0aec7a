import { describe, expect, test } from "bun:test";
import { editLine } from "#clients/terminal/edit-line.ts";
import type { Key } from "#clients/terminal/key.ts";
import { LineEditor } from "#clients/terminal/line-editor.ts";

const key = (name: Key["name"], text = ""): Key => ({ name, text });
const typed = (text: string) => Array.from(text, (each) => key("text", each));

function edited(...keys: Key[]): [string, string] {
  const editor = new LineEditor();
  for (const each of keys) editLine(editor, each);
  return editor.parts;
}

describe("the line that is written", () => {
  test.each<[string, Key[], [string, string]]>([
    ["inserts at the cursor", [...typed("ac"), key("left"), key("text", "b")], ["ab", "c"]],
    ["deletes whole characters", [key("text", "👩‍👩‍👧"), key("backspace")], ["", ""]],
    ["joins a mark with its letter", [key("text", "e"), key("text", "\u0301"), key("backspace")], ["", ""]],
    ["deletes a word", [...typed("one two "), key("control", "w")], ["one ", ""]],
    ["deletes to both ends", [...typed("abc"), key("left"), key("control", "u")], ["", "c"]],
    ["moves to the ends", [...typed("abc"), key("home"), key("delete"), key("end")], ["bc", ""]],
    ["does nothing beyond its ends", [key("left"), key("backspace"), key("right"), key("delete")], ["", ""]],
    ["knows no other chord", [...typed("a"), key("control", "z")], ["a", ""]],
  ])("%s", (_name, keys, expected) => {
    expect(edited(...keys)).toEqual(expected);
  });

  test("what was sent comes back with up, and the draft with down", () => {
    const editor = new LineEditor();
    for (const text of ["first", "second"]) {
      editor.set(text);
      expect(editor.take()).toBe(text);
    }
    editor.set("draft");
    for (const expected of ["second", "first", "first"]) {
      editor.recall(-1);
      expect(editor.text).toBe(expected);
    }
    for (const expected of ["second", "draft", "draft"]) {
      editor.recall(1);
      expect(editor.text).toBe(expected);
    }
  });
});
