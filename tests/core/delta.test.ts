import { describe, expect, test } from "bun:test";
import { Editor, type Op, applyOps } from "#core/delta.ts";
import { parseObject, stringifyJson } from "#core/json.ts";
import { type JsonObject, PyFloat, type Value } from "#core/value.ts";

const copy = (value: JsonObject): JsonObject => parseObject(stringifyJson(value));

/** What a commit and a later replay make of the ops: they go through JSON. */
function replay(before: JsonObject, ops: Op[]): JsonObject {
  const document = copy(before);
  applyOps(document, parseObject(stringifyJson({ ops }))["ops"] as unknown as Op[]);
  return document;
}

/** mulberry32: a seed gives the same edits on every machine. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296) * below);
  };
}

const keys = ["a", "b", "c", "a0", "a1", "0", "1", "2", "list", "__proto__", "constructor"];

function someValue(below: (limit: number) => number, depth = 0): Value {
  const kind = below(depth > 2 ? 4 : 7);
  if (kind === 0) return null;
  if (kind === 1) return below(100);
  if (kind === 2) return new PyFloat(below(100));
  if (kind === 3) return `text ${below(100)}`;
  if (kind < 6) return Array.from({ length: below(4) }, () => someValue(below, depth + 1));
  return Object.fromEntries(
    Array.from({ length: below(4) }, () => [keys[below(keys.length)] ?? "a", someValue(below, depth + 1)]),
  );
}

function somePath(below: (limit: number) => number): string[] {
  // Few keys half of the time, so that the same places are written, deleted and written again.
  const pool = below(2) === 0 ? 2 : keys.length;
  return Array.from({ length: 1 + below(3) }, () => keys[below(pool)] ?? "a");
}

/** Whether every list on the way has an item, or a free place behind its last one, for the path's next key. */
function isWritable(editor: Editor, path: string[]): boolean {
  return path.every((key, depth) => {
    const at = editor.peek(...path.slice(0, depth));
    return !Array.isArray(at) || (/^\d+$/.test(key) && Number(key) <= at.length);
  });
}

/** One edit of the kinds that the engine makes. Values that were read are stored again, as a flow does. */
function edit(editor: Editor, kept: { value: Value; text: string }[], below: (limit: number) => number): void {
  const path = somePath(below);
  const kind = below(8);
  if (!isWritable(editor, path)) expect(() => editor.set(path, 1)).toThrow("is no place in a list");
  else if (kind < 3) editor.set(path, someValue(below));
  else if (kind === 3) editor.delete(path);
  else if (kind === 4) editor.append(path, someValue(below));
  else {
    const value = editor.read(...(kind === 5 ? [] : path));
    if (value === undefined) return;
    kept.push({ value, text: stringifyJson(value) });
    // Bounded, or documents that hold themselves many times over would grow without end.
    const target = somePath(below);
    if (kind === 7 && stringifyJson(value).length < 400 && isWritable(editor, target)) editor.set(target, value);
  }
}

describe("a delta", () => {
  test("replayed on the old document gives the new one, after any edits", () => {
    for (let seed = 1; seed <= 1000; seed++) {
      const below = randomFrom(seed);
      const before: JsonObject = { a: { b: [1, { c: 2 }] }, list: [1, 2, 3], x: someValue(below) };
      const stored = stringifyJson(before);
      const editor = new Editor(before);
      let durable = copy(before);
      for (let round = 0; round < 4; round++) {
        const edits = below(12);
        for (let count = 0; count < edits; count++) edit(editor, [], below);
        durable = replay(durable, editor.take());
        expect({ seed, document: stringifyJson(durable) }).toEqual({ seed, document: stringifyJson(editor.root) });
      }
      expect(stringifyJson(before)).toBe(stored);
    }
  });

  test("never changes a value that was read, set or taken before", () => {
    for (let seed = 1; seed <= 1000; seed++) {
      const below = randomFrom(seed + 100_000);
      const editor = new Editor({ a: { b: [1, { c: 2 }] }, list: [1, 2, 3] });
      const kept: { value: Value; text: string }[] = [];
      for (let count = 0; count < 25; count++) {
        edit(editor, kept, below);
        if (below(6) > 0) continue;
        const ops = editor.take() as unknown as Value;
        kept.push({ value: ops, text: stringifyJson(ops) });
      }
      expect({ seed, kept: kept.map(({ value }) => stringifyJson(value)) }).toEqual({
        seed,
        kept: kept.map(({ text }) => text),
      });
    }
  });

  test("keeps the last write of a path only", () => {
    const editor = new Editor({});
    for (let count = 0; count < 100; count++) editor.set(["counter"], count);
    expect(editor.take()).toEqual([["s", ["counter"], 99]]);
    expect(editor.dirty).toBe(false);
    expect(editor.take()).toEqual([]);
  });

  test("what is written and deleted over and over is one delete", () => {
    const editor = new Editor({ _temp: { return: "old" } });
    for (let count = 0; count < 100; count++) {
      editor.set(["_temp", "return"], count);
      editor.set(["turn"], count);
      editor.delete(["_temp", "return"]);
    }
    expect(editor.take()).toEqual([
      ["d", ["_temp", "return"]],
      ["s", ["turn"], 99],
    ]);
  });

  test("writes what is appended, not the list", () => {
    const editor = new Editor({ context: { messages: Array.from({ length: 1000 }, (_, index) => index) } });
    editor.append(["context", "messages"], "new");
    expect(editor.take()).toEqual([["a", ["context", "messages"], "new"]]);
    expect(editor.peek("context", "messages", "1000")).toBe("new");
  });

  test("an append survives a write of a variable that is called like its number", () => {
    const editor = new Editor({ list: [] });
    editor.append(["list"], 1);
    editor.set(["a0"], "mine");
    expect(replay({ list: [] }, editor.take())).toEqual({ list: [1], a0: "mine" });
  });

  test("deleting the first item twice deletes two items", () => {
    const editor = new Editor({ list: [1, 2, 3] });
    editor.delete(["list", "0"]);
    editor.delete(["list", "0"]);
    expect(editor.root).toEqual({ list: [3] });
    expect(replay({ list: [1, 2, 3] }, editor.take())).toEqual({ list: [3] });
  });

  test("a write to an item stays with its item when an earlier one is deleted", () => {
    const before = { list: ["x", "y", "z"] };
    const editor = new Editor(before);
    editor.set(["list", "1"], "p");
    editor.delete(["list", "0"]);
    editor.set(["list", "1"], "q");
    expect(editor.root).toEqual({ list: ["p", "q"] });
    expect(replay(before, editor.take())).toEqual({ list: ["p", "q"] });
  });

  test("what is missing can be read and deleted without a trace", () => {
    const editor = new Editor({ a: 1 });
    expect(editor.peek("a", "b", "c")).toBeUndefined();
    expect(editor.read("toString")).toBeUndefined();
    editor.delete(["a", "b"]);
    editor.delete(["nothing"]);
    expect(editor.dirty).toBe(false);
  });

  test("a key __proto__ is a key like any other", () => {
    const editor = new Editor({});
    editor.set(["__proto__", "polluted"], true);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
    expect(stringifyJson(replay({}, editor.take()))).toBe('{"__proto__":{"polluted":true}}');
  });

  test.each(["x", "-1", "3", "999999999", "1.5"])(
    "a list of two has no place %p: a write is refused, an append is dropped",
    (key) => {
      const editor = new Editor({ list: [1, 2] });
      expect(() => editor.set(["list", key], 0)).toThrow(`'list.${key}' is no place in a list`);
      expect(() => editor.set(["list", key, "deeper"], 0)).toThrow("is no place in a list");
      editor.append(["list", key], 0);
      expect(editor.dirty).toBe(false);
      expect(editor.root).toEqual({ list: [1, 2] });
    },
  );

  test("a list can be written right behind its last item", () => {
    const editor = new Editor({ list: [1, 2] });
    editor.set(["list", "2"], 3);
    expect(replay({ list: [1, 2] }, editor.take())).toEqual({ list: [1, 2, 3] });
  });

  test("ops that lead nowhere change nothing when they are replayed", () => {
    const ops: Op[] = [
      ["s", ["list", "x"], 1],
      ["s", ["list", "999999999"], 1],
      ["s", [], 1],
    ];
    expect(replay({ list: [1] }, ops)).toEqual({ list: [1] });
  });

  test("an empty path cannot be written", () => {
    expect(() => new Editor({}).set([], 1)).toThrow("an empty path cannot be written");
  });

  test("a part that was found by looking can be released like one that was read", () => {
    const editor = new Editor({});
    editor.set(["a", "b"], 1);
    const part = editor.peek("a") ?? null;
    editor.release(part);
    editor.set(["a", "b"], 2);
    expect(part).toEqual({ b: 1 });
  });
});
