import { expect, test } from "bun:test";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readInput } from "#cli/run-input.ts";
import { PyFloat } from "#core/value.ts";

test.each([
  [["name=Ada"], { name: "Ada" }],
  [
    ["n=5", "f=5.0", "yes=true", "none=null", 'list=["a"]'],
    { n: 5, f: new PyFloat(5), yes: true, none: null, list: ["a"] },
  ],
  [["text=a=b"], { text: "a=b" }],
  [["empty="], { empty: "" }],
  [['{"a": 1, "b": 2}', "b=3"], { a: 1, b: 3 }],
  [[], {}],
])("%j is read as %j", async (texts, expected) => {
  expect(await readInput(texts, "/")).toEqual(expected as never);
});

test("a file's object is the input", async () => {
  const folder = await mkdtemp(join(tmpdir(), "gateway-input-"));
  await Bun.write(join(folder, "input.json"), '{"name": "Ada"}');
  expect(await readInput(["@input.json", "more=1"], folder)).toEqual({ name: "Ada", more: 1 });
  await Bun.write(join(folder, "list.json"), "[1]");
  await expect(readInput(["@list.json"], folder)).rejects.toThrow("Input '@list.json' must be a JSON object.");
});

test.each([["=x"], ["x"], ["[1]"], [""]])("%j is refused", async (text) => {
  await expect(readInput([text], "/")).rejects.toThrow("is none of");
});
