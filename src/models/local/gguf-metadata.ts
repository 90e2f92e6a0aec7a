import { type FileHandle, open } from "node:fs/promises";

/** What the head of a GGUF file says (github.com/ggml-org/ggml, docs/gguf.md). Null: not said. */
export interface GgufMetadata {
  architecture: string | null;
  name: string | null;
  /** `Q4_K_M`, `F16`, …; null for a number that is not known here. */
  quantization: string | null;
  contextTokens: number | null;
  blockCount: number | null;
  embeddingLength: number | null;
  headCount: number | null;
  headCountKv: number | null;
  keyLength: number | null;
  valueLength: number | null;
  /** How token vectors become one: only models for embeddings say it. 0 means that they do not. */
  poolingType: number | null;
  hasChatTemplate: boolean;
  /** Parts of a model that was split into several files. */
  splitCount: number | null;
}

const maxEntries = 1_000_000;
/** The largest vocabularies take about 10 MB. */
const maxHeadBytes = 256 * 1024 * 1024;
const maxTextBytes = 4 * 1024 * 1024;

/**
 * Reads the metadata of a GGUF file without any native code, which a damaged file could take down. Throws an Error that says what is wrong;
 * never reads more than the head.
 */
export async function readGgufMetadata(path: string): Promise<GgufMetadata> {
  const file = await open(path, "r");
  try {
    const head = new HeadReader(file);
    const entries = await readHeader(head);
    const found = new Map<string, string | number>();
    for (let entry = 0; entry < entries; entry++) {
      const key = await head.text();
      const value = await readValue(head, await head.uint32());
      if (value !== null) found.set(key, value);
    }
    return toMetadata(found);
  } finally {
    await file.close();
  }
}

/** Magic, version and counts of tensors and of metadata. Answers the latter. */
async function readHeader(head: HeadReader): Promise<number> {
  if ((await head.isShorterThan(24)) || (await head.uint32()) !== 0x46554747) throw new Error("it is not a GGUF file");
  const version = await head.uint32();
  if (version < 2 || version > 3) throw new Error(`its GGUF version ${version} is not known`);
  const [tensors, entries] = [await head.uint64(), await head.uint64()];
  if (tensors > maxEntries || entries > maxEntries) throw new Error("its header is damaged");
  return entries;
}

/** Bytes of the fixed-size types by their number in the format. */
const sizes: Record<number, number> = { 0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8 };
const textType = 8;
const arrayType = 9;

/** A text or a whole number; null for everything else, which is passed over. */
async function readValue(head: HeadReader, type: number): Promise<string | number | null> {
  if (type === textType) return head.text();
  if (type === arrayType) {
    await skipArray(head);
    return null;
  }
  const size = sizes[type];
  if (size === undefined) throw new Error(`its metadata has a value of the unknown type ${type}`);
  if (type === 4) return head.uint32();
  if (type === 10) return head.uint64();
  head.skip(size);
  return null;
}

async function skipArray(head: HeadReader): Promise<void> {
  const type = await head.uint32();
  const count = await head.uint64();
  const size = sizes[type];
  if (size !== undefined) return head.skip(size * count);
  if (type !== textType) throw new Error(`its metadata has a list of the unknown type ${type}`);
  for (let index = 0; index < count; index++) head.skip(await head.uint64());
}

/** Reads a file from its beginning in pieces; what is skipped is not read. */
class HeadReader {
  #file: FileHandle;
  #buffer = Buffer.alloc(0);
  /** Place of the buffer in the file, and ours in the buffer. */
  #start = 0;
  #at = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async isShorterThan(bytes: number): Promise<boolean> {
    return (await this.#file.stat()).size < bytes;
  }

  async uint32(): Promise<number> {
    await this.#need(4);
    this.#at += 4;
    return this.#buffer.readUInt32LE(this.#at - 4);
  }

  async uint64(): Promise<number> {
    await this.#need(8);
    this.#at += 8;
    return Number(this.#buffer.readBigUInt64LE(this.#at - 8));
  }

  async text(): Promise<string> {
    const length = await this.uint64();
    if (length > maxTextBytes) throw new Error("its metadata is damaged: a text has no end");
    await this.#need(length);
    this.#at += length;
    return this.#buffer.toString("utf8", this.#at - length, this.#at);
  }

  skip(bytes: number): void {
    if (!(this.#start + this.#at + bytes <= maxHeadBytes)) throw new Error("its metadata is damaged: it has no end");
    this.#at += bytes;
  }

  async #need(bytes: number): Promise<void> {
    if (this.#at + bytes <= this.#buffer.length) return;
    this.#start += this.#at;
    this.#at = 0;
    if (this.#start > maxHeadBytes) throw new Error("its metadata is damaged: it has no end");
    const piece = Buffer.alloc(Math.max(bytes, 1024 * 1024));
    const { bytesRead } = await this.#file.read(piece, 0, piece.length, this.#start);
    if (bytesRead < bytes) throw new Error("it ends within its metadata");
    this.#buffer = piece.subarray(0, bytesRead);
  }
}

function toMetadata(found: ReadonlyMap<string, string | number>): GgufMetadata {
  const text = (key: string) => {
    const value = found.get(key);
    return typeof value === "string" ? value : null;
  };
  const architecture = text("general.architecture");
  const number = (key: string) => {
    const value = found.get(key);
    return typeof value === "number" ? value : null;
  };
  const own = (key: string) => number(`${architecture ?? ""}.${key}`);
  return {
    architecture,
    name: text("general.name"),
    quantization: quantizations[number("general.file_type") ?? -1] ?? null,
    contextTokens: own("context_length"),
    blockCount: own("block_count"),
    embeddingLength: own("embedding_length"),
    headCount: own("attention.head_count"),
    headCountKv: own("attention.head_count_kv"),
    keyLength: own("attention.key_length"),
    valueLength: own("attention.value_length"),
    poolingType: own("pooling_type"),
    hasChatTemplate: text("tokenizer.chat_template") !== null,
    splitCount: number("split.count"),
  };
}

/** `llama_ftype` of llama.cpp (include/llama.h). */
const quantizations: Record<number, string> = {
  0: "F32",
  1: "F16",
  2: "Q4_0",
  3: "Q4_1",
  7: "Q8_0",
  8: "Q5_0",
  9: "Q5_1",
  10: "Q2_K",
  11: "Q3_K_S",
  12: "Q3_K_M",
  13: "Q3_K_L",
  14: "Q4_K_S",
  15: "Q4_K_M",
  16: "Q5_K_S",
  17: "Q5_K_M",
  18: "Q6_K",
  19: "IQ2_XXS",
  20: "IQ2_XS",
  21: "Q2_K_S",
  22: "IQ3_XS",
  23: "IQ3_XXS",
  24: "IQ1_S",
  25: "IQ4_NL",
  26: "IQ3_S",
  27: "IQ3_M",
  28: "IQ2_S",
  29: "IQ2_M",
  30: "IQ4_XS",
  31: "IQ1_M",
  32: "BF16",
};
