import { expect, test } from "bun:test";
import { priceOf } from "#models/prices.ts";

const usage = { input_tokens: 1_000_000, output_tokens: 100_000, total_tokens: 1_100_000 };
const prices = {
  "openai/gpt-5": { input: 1.25, output: 10, cachedInput: 0.125 },
  "lab/*": { input: 0.1, output: 0.2 },
};
const cost = (provider: string, model: string, reusedTokens = 0) => {
  const cache = { key: null, source: "provider" as const, promptTokens: 1_000_000, reusedTokens, reason: "" };
  return priceOf(prices, { provider, model, result: reusedTokens > 0 ? { usage, cache } : { usage } });
};

test("a call costs what its tokens cost", () => {
  expect(cost("openai", "gpt-5")).toBe(2.25);
  expect(cost("lab", "anything")).toBe(0.12);
});

test("what the provider had in its cache costs less, where a price says so", () => {
  expect(cost("openai", "gpt-5", 800_000)).toBe(1.35);
  expect(cost("lab", "anything", 800_000)).toBe(0.12);
});

test("without a price nothing is guessed", () => {
  expect(cost("openai", "gpt-4")).toBeNull();
  expect(cost("nobody", "gpt-5")).toBeNull();
});
