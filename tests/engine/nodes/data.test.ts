import { describe, expect, test } from "bun:test";
import { parseJson, stringifyJson } from "#core/json.ts";
import { type JsonObject, type Value, float } from "#core/value.ts";
import { evaluate, gives, refuses } from "./pure.ts";

const f = float;
const object = { a: { b: [{ c: 1 }, null] }, n: null, "x.y": 1 };

describe("objects", () => {
  gives("get", [
    [{ object, key: "a.b[0].c" }, { value: 1 }],
    [{ object, key: "a.b.0.c" }, { value: 1 }],
    [{ object, key: "['x.y']" }, { value: 1 }],
    [{ object, key: "n", default: "preset" }, { value: "preset" }],
    [{ object, key: "a.b[1]", default: 0 }, { value: 0 }],
    [{ object, key: "missing" }, { value: null }],
    [{ object, key: "", default: "preset" }, { value: "preset" }],
    [{ object, default: "preset" }, { value: "preset" }],
    [{ object: "text", key: "length" }, { value: null }],
    [{ object: null, key: "a" }, { value: null }],
    [{ object: [7, 8], key: "[1]" }, { value: 8 }],
    [{ object: { "0": f(5) }, key: 0 }, { value: f(5) }],
    [{ object: { a: false }, key: "a", default: true }, { value: false }],
    [{ object: {}, key: "constructor" }, { value: null }],
    [{}, { value: null }],
  ]);
  refuses("get", [[{ object: {}, key: "a.".repeat(5000) }, "a path is longer than 2000 characters"]]);
  gives("set", [
    [
      { object: { a: 1 }, key: "b", value: 2 },
      { a: 1, b: 2 },
    ],
    [{ object: { a: { x: 1 } }, key: "a.y.z", value: 2 }, { a: { x: 1, y: { z: 2 } } }],
    [{ object: { a: 1 }, key: "a.b", value: 2 }, { a: { b: 2 } }],
    [{ object: { a: [1] }, key: "a.0", value: 2 }, { a: { "0": 2 } }],
    [{ object: { a: 1 }, key: "a" }, { a: null }],
    [{ key: "a", value: 1 }, { a: 1 }],
  ]);
  refuses("set", [
    [{ object: null, key: "a", value: 1 }, "'object' must be an object, not None"],
    [{ object: [1], key: "a", value: 1 }, "'object' must be an object, not a list"],
    [{ object: {}, key: ".".repeat(5000), value: 1 }, "'key' has more than 1000 parts"],
  ]);
  gives("merge", [
    [
      { a: { x: 1, y: 1 }, b: { y: 2 } },
      { x: 1, y: 2 },
    ],
    [{ a: { x: 1 } }, { x: 1 }],
    [{}, {}],
  ]);
  refuses("merge", [
    [{ a: null, b: {} }, "'a' must be an object, not None"],
    [{ b: "text" }, "'b' must be an object, not 'text'"],
  ]);
  gives("make_object", [
    [
      { a: 1, _private: 2, b: null },
      { a: 1, b: null },
    ],
    [{}, {}],
  ]);

  test("a key __proto__ from outside stays a key", () => {
    const inputs = parseJson('{"object":{},"key":"__proto__.polluted","value":1}') as JsonObject;
    expect(stringifyJson(evaluate("set", inputs))).toBe('{"__proto__":{"polluted":1}}');
    const merged = evaluate("merge", { a: parseJson('{"__proto__":{"polluted":1}}') });
    expect((merged as JsonObject)["polluted"]).toBeUndefined();
  });

  test("set copies only along its path", () => {
    const inner = { deep: [1] };
    const out = evaluate("set", { object: { a: inner, b: 1 }, key: "b", value: 2 }) as { a: Value };
    expect(out.a).toBe(inner);
  });
});

describe("lists", () => {
  const pins = ["a", "b", "c"];
  gives("make_array", [
    [{ c: 3, a: 1 }, [1, 3], { pins }],
    [{ a: null, b: [1, 2] }, [[1, 2]], { pins }],
    [{ b: 2, a: 1 }, [1, 2]],
    [{}, [], { pins }],
  ]);
  gives("array_concat", [
    [{ a: [1, [2]], b: 3, c: [null] }, [1, [2], 3, null], { pins }],
    [{ a: null }, [], { pins }],
  ]);
  gives("array_map", [
    [{ items: [{ id: 1 }, { other: 2 }, "x", null, [1]], key: "id" }, [1, null, "x", null, [1]]],
    [{ items: [{ "a.b": 1, a: { b: 2 } }], key: "a.b" }, [1]],
    [{ items: [{ "": 1 }] }, [1]],
    [{ key: "id" }, []],
    [{ items: "a😀" }, ["a", "😀"]],
    [{ items: { x: 1, y: 2 } }, ["x", "y"]],
  ]);
  refuses("array_map", [
    [{ items: null, key: "id" }, "'items' must be a list, not None"],
    [{ items: 5 }, "'items' must be a list, not 5"],
    [{ items: f(5) }, "'items' must be a list, not 5.0"],
  ]);
  gives("array_filter", [
    [
      { items: [{ k: 1 }, { k: f(1) }, { k: "1" }, { k: true }], key: "k", value: 1 },
      [{ k: 1 }, { k: f(1) }, { k: true }],
    ],
    [{ items: [1, 2, f(1), "1"], value: 1 }, [1, f(1)]],
    [{ items: [{ k: null }, { x: 1 }, 0], key: "k" }, [{ k: null }, { x: 1 }]],
    [{ items: [[1], [2]], value: [f(1)] }, [[1]]],
    [{}, []],
  ]);
  refuses("array_filter", [[{ items: null }, "'items' must be a list, not None"]]);
  gives("array_length", [
    [{ array: [1, 2] }, 2],
    [{ array: "text" }, 0],
    [{ array: null }, 0],
    [{}, 0],
  ]);
  gives("has_tools", [
    [{ array: [{ name: "x" }] }, true],
    [{ array: [] }, false],
    [{ array: { name: "x" } }, false],
    [{ array: null }, false],
    [{}, false],
  ]);
  gives("array_append", [
    [{ array: [1], item: 2 }, [1, 2]],
    [{ array: [1], item: [2] }, [1, [2]]],
    [{ array: null, item: 1 }, [1]],
    [{ array: "x", item: 1 }, ["x", 1]],
    [{ array: [1], item: null }, [1, null]],
    [{}, [null]],
  ]);
  gives("array_dedup", [
    [{ array: [1, 1, f(1), "1", true, 1, null, null] }, [1, f(1), "1", true, null]],
    [{ array: [{ a: 1, b: 2 }, { b: 2, a: 1 }, [1], [1]] }, [{ a: 1, b: 2 }, [1]]],
    [
      { array: [{ id: { n: 1 }, x: 1 }, { id: { n: 1 }, x: 2 }, { x: 3 }, { x: 3 }], key: "id.n" },
      [{ id: { n: 1 }, x: 1 }, { x: 3 }],
    ],
    [{ array: "text" }, []],
    [{ array: null }, []],
  ]);
  gives("get_element", [
    [{ array: [1, 2] }, { result: 1, found: true }],
    [
      { array: [1, 2], index: -1 },
      { result: 2, found: true },
    ],
    [
      { array: [1, 2], index: 1.9 },
      { result: 2, found: true },
    ],
    [
      { array: [1, 2], index: "1" },
      { result: 2, found: true },
    ],
    [
      { array: [1, 2], index: " 1.9 " },
      { result: 2, found: true },
    ],
    [
      { array: [1, 2], index: true },
      { result: 1, found: true },
    ],
    [
      { array: [1, 2], index: "second" },
      { result: 1, found: true },
    ],
    [
      { array: [1, 2], index: [1] },
      { result: 1, found: true },
    ],
    [
      { array: [1, 2], index: 2, default: "stop" },
      { result: "stop", found: false },
    ],
    [
      { array: [1, 2], index: -3 },
      { result: null, found: false },
    ],
    [
      { array: [null], index: 0, default: 1 },
      { result: null, found: true },
    ],
    [
      { array: "text", default: 1 },
      { result: 1, found: false },
    ],
    [{}, { result: null, found: false }],
  ]);
  gives("get_random_element", [
    [{ array: [1, 2, 3] }, { result: 3, found: true }, { random: 0.999 }],
    [{ array: [1, 2, 3] }, { result: 1, found: true }, { random: 0 }],
    [
      { array: [], default: "none" },
      { result: "none", found: false },
    ],
    [{ array: "text" }, { result: null, found: false }],
  ]);
});
