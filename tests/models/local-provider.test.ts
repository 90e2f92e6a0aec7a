import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AppError } from "#core/errors.ts";
import { stringifyJson } from "#core/json.ts";
import { rejection } from "#fixtures/rejection.ts";
import { createLocalProvider } from "#models/local/provider.ts";
import type { GenerateRequest, Provider } from "#models/provider.ts";

/** The tiny chat model, asked without any randomness, through a child process as in service. */
const tiny = join(import.meta.dirname, "../fixtures/models/tiny-chat.gguf");
const command = [process.execPath, join(import.meta.dirname, "../../src/cli/main.ts"), "inference-worker"];
const never = new AbortController().signal;

let folder: string;
let provider: Provider;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "gateway-models-"));
  await copyFile(tiny, join(folder, "tiny-chat.gguf"));
  await copyFile(tiny, join(folder, "an odd näme (2).gguf"));
  await writeFile(join(folder, "garbage.gguf"), "a text about something else entirely");
  await writeFile(join(folder, "half.gguf"), (await Bun.file(tiny).bytes()).slice(0, 600_000));
  await writeFile(join(folder, "empty.gguf"), "");
  await writeFile(join(folder, "later.gguf"), header(99, 1n, 1n));
  await writeFile(join(folder, "damaged.gguf"), header(3, 1n, 2n ** 60n));
  provider = createLocalProvider({ folders: [join(folder, "not there"), folder], command, threads: 1, cacheDir: null });
});
afterAll(async () => {
  await provider.close();
  await rm(folder, { recursive: true });
});

function header(version: number, tensors: bigint, entries: bigint): Buffer {
  const bytes = Buffer.alloc(64);
  bytes.write("GGUF");
  bytes.writeUInt32LE(version, 4);
  bytes.writeBigUInt64LE(tensors, 8);
  bytes.writeBigUInt64LE(entries, 16);
  return bytes;
}

const ask = (text: string, more: Partial<GenerateRequest> = {}): GenerateRequest => ({
  model: "tiny-chat",
  messages: [{ role: "user", content: text }],
  temperature: 0,
  ...more,
});
const say = async (text: string, more: Partial<GenerateRequest> = {}) =>
  (await provider.generate(ask(text, more), { signal: never })).content;

test("it answers, in pieces as they come, and counts what it took", async () => {
  const pieces: string[] = [];
  const result = await provider.generate(ask("What is the capital of France?"), {
    signal: never,
    onDelta: (text) => pieces.push(text),
  });
  expect(result).toMatchObject({
    content: "Paris.",
    finishReason: "stop",
    model: "tiny-chat",
    toolCalls: [],
    data: null,
  });
  expect(pieces.join("")).toBe("Paris.");
  expect(result.usage.input_tokens).toBeGreaterThan(5);
  expect(result.usage.total_tokens).toBe(result.usage.input_tokens + result.usage.output_tokens);
});

test("system texts and earlier turns count", async () => {
  const messages: GenerateRequest["messages"] = [
    { role: "user", content: "My name is Ada." },
    { role: "assistant", content: "Nice to meet you, Ada." },
    { role: "user", content: "What is my name?" },
  ];
  expect(await say("", { messages })).toBe("Your name is Ada.");
  const secret = { role: "system" as const, content: "The secret word is river." };
  expect(await say("", { messages: [secret, { role: "user", content: "What is the secret word?" }] })).toContain(
    "river",
  );
});

test("a schema makes data", async () => {
  const responseSchema = {
    type: "object",
    properties: { name: { type: "string" }, age: { type: "integer" } },
    required: ["name", "age"],
  };
  const { data } = await provider.generate(ask("Ada is 36 years old. Give JSON.", { responseSchema }), {
    signal: never,
  });
  expect(data).toEqual({ name: "Ada", age: 36 });
});

test("a tool is called, and its result becomes the answer", async () => {
  const parameters = {
    type: "object",
    properties: { a: { type: "integer" }, b: { type: "integer" } },
    required: ["a", "b"],
  };
  const tools = [{ name: "add_numbers", description: "Add two numbers", parameters }];
  const request = ask("add 4 and 7", { tools });
  const first = await provider.generate(request, { signal: never });
  expect(first).toMatchObject({
    finishReason: "tool_calls",
    toolCalls: [{ name: "add_numbers", arguments: { a: 4, b: 7 } }],
  });
  const result = {
    role: "tool" as const,
    content: "11",
    tool_call_id: first.toolCalls[0]?.call_id ?? "",
    name: "add_numbers",
  };
  const messages = [
    ...request.messages,
    { role: "assistant" as const, content: "", tool_calls: first.toolCalls },
    result,
  ];
  expect(await say("", { messages, tools })).toContain("11");
});

test("an answer is cut at the limit, and says so", async () => {
  const result = await provider.generate(ask("Tell me a long story", { maxOutputTokens: 20 }), { signal: never });
  expect(result.finishReason).toBe("length");
  expect(result.usage.output_tokens).toBeLessThanOrEqual(20);
});

test("several conversations at once, more than there are places for", async () => {
  const capitals = ["France", "Italy", "Spain", "Germany", "Japan", "Egypt"];
  const alone: string[] = [];
  for (const country of capitals) alone.push(await say(`What is the capital of ${country}?`));
  expect(await Promise.all(capitals.map((country) => say(`What is the capital of ${country}?`)))).toEqual(alone);
});

test("a call is left in the middle, and the next one is answered", async () => {
  const controller = new AbortController();
  const call = provider.generate(ask("Tell me a long story"), {
    signal: controller.signal,
    onDelta: () => controller.abort(),
  });
  expect(await rejection(call)).toMatchObject({ code: "cancelled" });
  expect(await rejection(provider.generate(ask("Hello"), { signal: AbortSignal.abort() }))).toMatchObject({
    code: "cancelled",
  });
  expect(await say("What is the capital of France?")).toBe("Paris.");
});

/** A signal, and how many listeners it has; `heard` resolves with the first, when the question has been sent. */
function watched() {
  const controller = new AbortController();
  const { signal } = controller;
  const heard = Promise.withResolvers<void>();
  let listeners = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...given: Parameters<typeof add>) => {
    listeners += 1;
    add(...given);
    heard.resolve();
  };
  signal.removeEventListener = (...given: Parameters<typeof remove>) => {
    listeners -= 1;
    remove(...given);
  };
  return { signal, heard: heard.promise, listeners: () => listeners, abort: () => controller.abort() };
}

test("a call that waits for its model, or for a long prompt to be read, is left too", async () => {
  const own = createLocalProvider({ folders: [folder], command, threads: 1, cacheDir: null });
  const loading = watched();
  const call = own.generate(ask("Hello"), { signal: loading.signal });
  await loading.heard;
  loading.abort();
  expect(await rejection(call)).toMatchObject({ code: "cancelled" });
  await own.close();
  // More than there are places for, so that each place has been left once.
  for (let attempt = 0; attempt < 6; attempt++) {
    const reading = watched();
    const long = provider.generate(ask(`${attempt} ${"word ".repeat(900)}`), { signal: reading.signal });
    await reading.heard;
    reading.abort();
    expect(await rejection(long)).toMatchObject({ code: "cancelled" });
  }
  expect(await say("What is the capital of France?")).toBe("Paris.");
});

test("a signal that outlives its calls is not listened to any more", async () => {
  const { signal, listeners } = watched();
  await provider.generate(ask("Hello"), { signal });
  await rejection(provider.generate(ask("Hello", { model: "garbage" }), { signal }));
  expect(listeners()).toBe(0);
});

test("the child process ends when the gateway is killed", async () => {
  const program = `
    import { InferenceHost } from ${JSON.stringify(join(import.meta.dirname, "../../src/models/local/host.ts"))};
    import { workerDefaults } from ${JSON.stringify(join(import.meta.dirname, "../../src/models/local/protocol.ts"))};
    const host = new InferenceHost({ command: ${JSON.stringify(command)}, settings: { ...workerDefaults, threads: 1 } });
    const request = { model: "x", messages: [{ role: "user", content: "Tell me a long story" }] };
    const onDelta = () => console.log(host.pid);
    await host.ask("generate", { modelPath: ${JSON.stringify(tiny)}, request, wantsDeltas: true }, { signal: new AbortController().signal, onDelta });
    await new Promise(() => {});`;
  const gateway = Bun.spawn([process.execPath, "-e", program], { stdout: "pipe", stderr: "inherit" });
  const { value } = await gateway.stdout.getReader().read();
  const pid = parseInt(new TextDecoder().decode(value), 10);
  expect(pid).toBeGreaterThan(1);
  gateway.kill("SIGKILL");
  await gateway.exited;
  // Ends when the process of that id does.
  expect(await Bun.spawn(["tail", `--pid=${pid}`, "-f", "/dev/null"]).exited).toBe(0);
});

test("a child process that is killed costs its call, and the next one gets another", async () => {
  const own = createLocalProvider({ folders: [folder], command, threads: 1, cacheDir: null });
  const killed = Promise.withResolvers<void>();
  const call = own.generate(ask("Tell me a long story"), {
    signal: never,
    onDelta() {
      for (const pid of childrenOf(process.pid)) if (!before.has(pid)) process.kill(pid, "SIGKILL");
      killed.resolve();
    },
  });
  const error = await rejection(call);
  await killed.promise;
  expect(error).toMatchObject({
    code: "unavailable",
    retryable: true,
    message: expect.stringMatching(/inference process ended.*SIGKILL/),
  });
  expect((await own.generate(ask("What is the capital of France?"), { signal: never })).content).toBe("Paris.");
  await own.close();
  await own.close();
  expect(childrenOf(process.pid).filter((pid) => !before.has(pid))).toEqual([]);
}, 60_000);

let before = new Set<number>();
beforeAll(async () => {
  await say("Hello");
  before = new Set(childrenOf(process.pid));
});

/** Living children of a process. */
function childrenOf(pid: number): number[] {
  const { stdout } = Bun.spawnSync(["ps", "-o", "pid=,stat=,comm=", "--ppid", String(pid)]);
  const lines = stdout.toString().trim().split("\n").filter(Boolean);
  return lines.filter((line) => !/ Z| ps$/.test(line)).map((line) => Number(line.trim().split(/\s+/)[0]));
}

describe("a child process that does not come up is one sentence", () => {
  test.each([
    [["false"], /^The inference process ended \(exit code 1\)$/],
    [["true"], /^The inference process ended \(exit code 0\)$/],
    [["/not/there/abstractgateway"], /^The inference process could not be started: .*\/not\/there/],
  ])("for %j", async (missing, message) => {
    const own = createLocalProvider({ folders: [folder], command: missing, threads: 1, cacheDir: null });
    for (let attempt = 0; attempt < 2; attempt++) {
      const error = (await rejection(own.generate(ask("Hello"), { signal: never }))) as AppError;
      expect([error.code, error.message]).toEqual(["unavailable", expect.stringMatching(message)]);
    }
    await own.close();
  });
});

/** A child process that answers every question with the same text. */
function scripted(content: string): Provider {
  const worker = `process.on("message", ({ kind, id }) => kind === "generate" &&
    process.send({ kind: "result", id, result: { content: ${JSON.stringify(content)}, data: null } }))`;
  const program = [process.execPath, "-e", worker];
  return createLocalProvider({ folders: [folder], command: program, threads: 1, cacheDir: null });
}

test("a call that is made while the last process ends gets a process of its own", async () => {
  const own = scripted("Paris.");
  await own.generate(ask("Hello"), { signal: never });
  const closing = own.close();
  expect((await own.generate(ask("What is the capital of France?"), { signal: never })).content).toBe("Paris.");
  await closing;
  await own.close();
});

test("numbers in data stay what they were written as, across the processes", async () => {
  const own = scripted('{"price":5.0,"pieces":5}');
  const { data } = await own.generate(ask("Hello", { responseSchema: { type: "object" } }), { signal: never });
  expect(stringifyJson(data)).toBe('{"price":5.0,"pieces":5}');
  expect((await own.generate(ask("Hello"), { signal: never })).data).toBeNull();
  await own.close();
});

describe("what it cannot do is one sentence", () => {
  test.each([
    ["nobody", "not_found", /no local model 'nobody'.*there are: .*tiny-chat/],
    ["garbage", "unavailable", /garbage\.gguf cannot be loaded: it is not a GGUF file/],
    ["later", "unavailable", /later\.gguf cannot be loaded: its GGUF version 99 is not known/],
    ["damaged", "unavailable", /damaged\.gguf cannot be loaded: its header is damaged/],
    ["half", "unavailable", /half\.gguf cannot be loaded/],
    ["empty", "unavailable", /empty\.gguf cannot be loaded: it is not a GGUF file/],
    ["../../etc/passwd", "not_found", /no local model/],
  ])("for the model %s", async (model, code, message) => {
    const error = (await rejection(provider.generate(ask("Hello", { model }), { signal: never }))) as AppError;
    expect([error.code, error.message]).toEqual([code as never, expect.stringMatching(message)]);
    expect(error.message.includes("\n")).toBe(false);
    expect(await say("What is the capital of France?")).toBe("Paris.");
  });

  test("for a prompt that is longer than the window", async () => {
    const error = (await rejection(provider.generate(ask("word ".repeat(3000)), { signal: never }))) as AppError;
    expect([error.code, error.message]).toEqual([
      "invalid_request",
      expect.stringMatching(/prompt has \d+ tokens.*2048/),
    ]);
  });
});

test("a tool whose name is none is refused in one sentence", async () => {
  const tools = [{ name: "add numbers", description: "Adds", parameters: { type: "object", properties: {} } }];
  const error = (await rejection(provider.generate(ask("Hello", { tools }), { signal: never }))) as AppError;
  expect([error.code, error.message]).toEqual(["invalid_request", expect.stringContaining("'add numbers'")]);
});

test("models are listed by file name with their window, broken ones too, and one with an odd name works", async () => {
  const models = await provider.models(never);
  expect(models.map(({ id }) => id).sort()).toEqual([
    "an odd näme (2)",
    "damaged",
    "empty",
    "garbage",
    "half",
    "later",
    "tiny-chat",
  ]);
  expect(models.find(({ id }) => id === "tiny-chat")).toMatchObject({ provider: "local", contextTokens: 2048 });
  expect(await say("What is the capital of France?", { model: "an odd näme (2)" })).toBe("Paris.");
});
