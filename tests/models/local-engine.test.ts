import { beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { LlamaChat, type Llama, resolveChatWrapper } from "node-llama-cpp";
import { rejection } from "#fixtures/rejection.ts";
import { toHistory } from "#models/local/chat-history.ts";
import { LocalEngine } from "#models/local/engine.ts";
import { loadLlama } from "#models/local/native.ts";
import type { GenerateRequest, Message } from "#models/provider.ts";

/** The engine itself, without a process around it: what a long prompt does. */
const tiny = join(import.meta.dirname, "../fixtures/models/tiny-chat.gguf");
let llama: Llama;
let engine: LocalEngine;
beforeAll(async () => {
  ({ llama } = await loadLlama({ threads: 1, cacheDir: null, env: process.env }));
  engine = new LocalEngine(llama);
});

const ask = (messages: Message[]): GenerateRequest => ({
  model: "tiny-chat",
  messages,
  temperature: 0,
  maxOutputTokens: 12,
});
const user = (content: string): Message => ({ role: "user", content });
const long = (words: number) => user("word ".repeat(words));

/** A signal that aborts by itself when it is asked for the n-th time whether it is aborted. */
function abortsAt(count: number): { signal: AbortSignal; asked: () => number } {
  const controller = new AbortController();
  const { signal } = controller;
  let asked = 0;
  const ask = signal.throwIfAborted.bind(signal);
  signal.throwIfAborted = () => {
    asked += 1;
    if (asked === count) controller.abort(new Error("enough"));
    ask();
  };
  return { signal, asked: () => asked };
}

test("prompts that are read in pieces get the answers that the library gives to whole ones", async () => {
  const model = await llama.loadModel({ modelPath: tiny });
  const wrapper = resolveChatWrapper(model);
  const context = await model.createContext({ contextSize: 2048 });
  const sequence = context.getSequence();
  const conversations = [
    [user("What is the capital of France?")],
    [user("What is the capital of France?")],
    [
      user("My name is Ada."),
      { role: "assistant" as const, content: "Nice to meet you, Ada." },
      user("What is my name?"),
    ],
    ...[20, 28, 29, 60, 400, 401, 1000].map((words) => [long(words)]),
    [{ role: "system" as const, content: "The secret word is river." }, long(300), user("What is the secret word?")],
    [user("")],
  ];
  for (const messages of conversations) {
    const chat = new LlamaChat({ contextSequence: sequence, chatWrapper: wrapper });
    const { response } = await chat.generateResponse(toHistory(messages), { temperature: 0, maxTokens: 12 });
    chat.dispose({ disposeSequence: false });
    const signal = new AbortController().signal;
    const { content } = await engine.generate(tiny, ask(messages), { signal, onDelta: () => undefined });
    expect(content).toBe(response.trim());
  }
  await model.dispose();
});

test("a long prompt is read in pieces, and left between two of them", async () => {
  let pieces = 0;
  const whole = abortsAt(Number.POSITIVE_INFINITY);
  // Begins like nothing that was read before.
  const fresh = user(`Once more: ${"word ".repeat(900)}`);
  await engine.generate(tiny, ask([fresh]), { signal: whole.signal, onDelta: () => (pieces += 1) });
  // 1808 tokens by the model's own vocabulary, 64 at a time.
  expect(whole.asked()).toBeGreaterThan(1808 / 64);
  expect(pieces).toBeGreaterThan(0);

  const left = abortsAt(5);
  const deltas: string[] = [];
  const call = engine.generate(tiny, ask([user("other"), long(900)]), {
    signal: left.signal,
    onDelta: (text) => deltas.push(text),
  });
  expect(await rejection(call)).toMatchObject({ message: "enough" });
  expect(left.asked()).toBe(5);
  expect(deltas).toEqual([]);
});

test("a place that was left in the middle answers the next one as ever", async () => {
  for (let place = 0; place < 5; place++) {
    const call = engine.generate(tiny, ask([user(`${place}`), long(500)]), {
      signal: abortsAt(4).signal,
      onDelta: () => undefined,
    });
    expect(await rejection(call)).toMatchObject({ message: "enough" });
  }
  const signal = new AbortController().signal;
  const answers = await Promise.all(
    Array.from({ length: 5 }, () =>
      engine.generate(tiny, ask([user("What is the capital of France?")]), { signal, onDelta: () => undefined }),
    ),
  );
  expect(answers.map(({ content }) => content)).toEqual(Array.from({ length: 5 }, () => "Paris."));
});
