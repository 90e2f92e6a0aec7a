import { expect, test } from "bun:test";
import type { GgufMetadata } from "#models/local/gguf-metadata.ts";
import { bytesPerToken, planMemory } from "#models/local/memory-plan.ts";

/** A model of 8 billion parameters in 4 bits: 4.9 GB, and 128 KiB for each token of the window. */
const metadata: GgufMetadata = {
  architecture: "llama",
  name: null,
  quantization: "Q4_K_M",
  contextTokens: 131_072,
  blockCount: 32,
  embeddingLength: 4096,
  headCount: 32,
  headCountKv: 8,
  keyLength: null,
  valueLength: null,
  poolingType: null,
  hasChatTemplate: true,
  splitCount: null,
};
const gigabyte = 1e9;
const plan = (budgetGb: number, more: Partial<Parameters<typeof planMemory>[0]> = {}) =>
  planMemory({
    fileBytes: 4.9 * gigabyte,
    metadata,
    maxContextTokens: 8192,
    maxSequences: 4,
    budgetBytes: budgetGb * gigabyte,
    ...more,
  });

test("a token of the window takes two 16-bit vectors in each layer", () => {
  expect(bytesPerToken(metadata)).toBe(32 * 8 * (128 + 128) * 2);
  expect(bytesPerToken({ ...metadata, keyLength: 64, valueLength: 32 })).toBe(32 * 8 * (64 + 32) * 2);
  expect(bytesPerToken({ ...metadata, headCountKv: null })).toBe(32 * 32 * 256 * 2);
  expect(bytesPerToken({ ...metadata, blockCount: null })).toBe(128 * 1024);
});

test("with less memory there are fewer conversations first, then smaller windows, then nothing", () => {
  expect(plan(64)).toMatchObject({ contextTokens: 8192, sequences: 4 });
  expect(plan(8)).toMatchObject({ contextTokens: 8192, sequences: 2 });
  expect(plan(6.2)).toMatchObject({ contextTokens: 8192, sequences: 1 });
  expect(plan(5.6)).toMatchObject({ contextTokens: 4096, sequences: 1 });
  expect(plan(5.3)).toMatchObject({ contextTokens: 2048, sequences: 1 });
  expect(plan(5)).toBeNull();
});

test("what is planned is never more than the budget", () => {
  for (let budget = 5; budget < 40; budget += 0.37) {
    const planned = plan(budget);
    if (planned) expect(planned.bytes).toBeLessThanOrEqual(budget * gigabyte);
  }
});

test("a window is never larger than the model's, and a small model keeps its small one", () => {
  expect(plan(64, { maxContextTokens: 1_000_000 })?.contextTokens).toBe(131_072);
  expect(plan(64, { metadata: { ...metadata, contextTokens: 512 } })?.contextTokens).toBe(512);
  expect(plan(64, { metadata: { ...metadata, contextTokens: null } })?.contextTokens).toBe(8192);
});
