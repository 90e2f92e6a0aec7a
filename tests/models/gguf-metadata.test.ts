import { expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rejection } from "#fixtures/rejection.ts";
import { readGgufMetadata } from "#models/local/gguf-metadata.ts";

const models = join(import.meta.dirname, "../fixtures/models");

test("the head of a chat model says its size, window and precision", async () => {
  expect(await readGgufMetadata(join(models, "tiny-chat.gguf"))).toEqual({
    architecture: "llama",
    name: "tiny-chat",
    quantization: "F16",
    contextTokens: 2048,
    blockCount: 4,
    embeddingLength: 128,
    headCount: 4,
    headCountKv: 2,
    keyLength: null,
    valueLength: null,
    poolingType: null,
    hasChatTemplate: true,
    splitCount: null,
  });
});

test("a model for embeddings says how it pools, behind its whole vocabulary", async () => {
  const { poolingType, hasChatTemplate } = await readGgufMetadata(join(models, "tiny-embed.gguf"));
  expect({ poolingType, hasChatTemplate }).toEqual({ poolingType: 1, hasChatTemplate: false });
});

/** A head of so many entries, and what follows. */
function head(version: number, tensors: bigint, entries: bigint, ...rest: Buffer[]): Buffer {
  const bytes = Buffer.alloc(24);
  bytes.write("GGUF");
  bytes.writeUInt32LE(version, 4);
  bytes.writeBigUInt64LE(tensors, 8);
  bytes.writeBigUInt64LE(entries, 16);
  return Buffer.concat([bytes, ...rest]);
}
function uint64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}
function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
const text = (value: string) => Buffer.concat([uint64(BigInt(value.length)), Buffer.from(value)]);
const entry = (key: string, type: number, ...value: Buffer[]) => Buffer.concat([text(key), uint32(type), ...value]);

async function read(bytes: Buffer) {
  const folder = await mkdtemp(join(tmpdir(), "gateway-gguf-"));
  const path = join(folder, "case.gguf");
  await writeFile(path, bytes);
  try {
    return await readGgufMetadata(path);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test.each([
  ["nothing", Buffer.alloc(0), /not a GGUF file/],
  ["text", Buffer.from("a text about something else entirely"), /not a GGUF file/],
  ["a beginning", head(3, 1n, 1n).subarray(0, 23), /not a GGUF file/],
  ["version 1", head(1, 1n, 1n), /version 1 is not known/],
  ["version 4", head(4, 1n, 1n), /version 4 is not known/],
  ["too many tensors", head(3, 2n ** 63n, 1n), /header is damaged/],
  ["too many entries", head(3, 1n, 1_000_001n), /header is damaged/],
  ["fewer entries than it says", head(3, 1n, 2n, entry("a", 4, uint32(1))), /ends within its metadata/],
  ["a text without an end", head(3, 1n, 1n, uint64(2n ** 40n)), /a text has no end/],
  ["a list without an end", head(3, 1n, 2n, entry("a", 9, uint32(4), uint64(2n ** 50n))), /it has no end/],
  ["a list of texts that is cut", head(3, 1n, 2n, entry("a", 9, uint32(8), uint64(5n), text("x"))), /ends within/],
  ["an unknown type", head(3, 1n, 1n, entry("a", 77)), /unknown type 77/],
  ["a list of lists", head(3, 1n, 1n, entry("a", 9, uint32(9), uint64(1n))), /list of the unknown type 9/],
])("%s is refused", async (_what, bytes, message) => {
  expect(await rejection(read(bytes))).toMatchObject({ message: expect.stringMatching(message) });
});

test("types that nobody asks for are passed over, and what comes behind them is read", async () => {
  const values = [
    entry("f", 6, Buffer.alloc(4)),
    entry("d", 12, Buffer.alloc(8)),
    entry("b", 7, Buffer.alloc(1)),
    entry("i16", 3, Buffer.alloc(2)),
    entry("floats", 9, uint32(6), uint64(300_000n), Buffer.alloc(1_200_000)),
    entry("words", 9, uint32(8), uint64(2n), text("one"), text("two")),
    entry("general.architecture", 8, text("llama")),
    entry("llama.context_length", 10, uint64(131_072n)),
  ];
  const metadata = await read(head(3, 0n, BigInt(values.length), ...values));
  expect(metadata).toMatchObject({ architecture: "llama", contextTokens: 131_072, quantization: null });
});
