import { expect, test } from "bun:test";
import { splitThoughts, thoughtTokens } from "#models/thoughts.ts";

test.each([
  ["<think>\nTwo and two.\n</think>\n\nFour.", "Four.", "Two and two."],
  ["<thinking>x</thinking>Four.", "Four.", "x"],
  ["Two and two.</think>Four.", "Four.", "Two and two."],
  ["<think></think>Four.", "Four.", null],
  ["Four.", "Four.", null],
  ["The tag <think> opens and </think> closes.", "The tag <think> opens and </think> closes.", null],
  ["<think>never done", "<think>never done", null],
])("of %j the answer is %j", (text, content, reasoning) => {
  expect(splitThoughts(text)).toEqual({ content, reasoning });
});

test("how hard to think is a number of tokens for a local model", () => {
  expect([false, "off", "none", "low", "HIGH", true, "odd", undefined].map(thoughtTokens)).toEqual([
    0,
    0,
    0,
    1024,
    16_384,
    null,
    null,
    null,
  ]);
});
