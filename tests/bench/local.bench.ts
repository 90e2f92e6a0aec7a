import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLocalProvider } from "#models/local/provider.ts";
import { type Row, print, quantile, round } from "./measure.ts";

/** Local generation beside node-llama-cpp called directly, turn by turn in the same run. `bun tests/bench/local.bench.ts` */
const folder = join(import.meta.dirname, "../fixtures/models");
const prompt = "Tell me a long story";
const maxTokens = 400;
const rounds = 15;

interface Rate {
  tokens: number;
  seconds: number;
}

/** The peer process: one answer per message. */
async function startDirect(): Promise<{ generate: () => Promise<Rate>; close: () => void }> {
  let heard = Promise.withResolvers<unknown>();
  const child = Bun.spawn(
    [process.execPath, join(import.meta.dirname, "direct-llama.ts"), join(folder, "tiny-chat.gguf"), "1"],
    { stdio: ["ignore", "ignore", "inherit"], ipc: (message) => heard.resolve(message) },
  );
  await heard.promise;
  return {
    async generate() {
      heard = Promise.withResolvers();
      child.send({ prompt, maxTokens });
      return (await heard.promise) as Rate;
    },
    close: () => child.kill(),
  };
}

const states = mkdtempSync(join(tmpdir(), "gateway-prefix-bench-"));
const provider = createLocalProvider({
  prefixes: { folder: join(states, "states"), exportFolder: join(states, "exports"), maxBytes: 1e9 },
  folders: [folder],
  command: [process.execPath, join(import.meta.dirname, "../../src/cli/main.ts"), "inference-worker"],
  threads: 1,
  cacheDir: null,
});

/** Seen by the caller: with the way to the child process and back, every piece of text passed on. */
async function generate(): Promise<Rate> {
  const from = performance.now();
  const { usage } = await provider.generate(
    { model: "tiny-chat", messages: [{ role: "user", content: prompt }], temperature: 0, maxOutputTokens: maxTokens },
    { signal: new AbortController().signal, onDelta: () => undefined },
  );
  return { tokens: usage.output_tokens, seconds: (performance.now() - from) / 1000 };
}

const direct = await startDirect();
const rates = { ours: [] as number[], direct: [] as number[] };
for (let round = -3; round < rounds; round++) {
  const [theirs, ours] = [await direct.generate(), await generate()];
  if (round < 0) continue;
  rates.direct.push(theirs.tokens / theirs.seconds);
  rates.ours.push(ours.tokens / ours.seconds);
}
direct.close();

/** Time to the first token of a question after a long beginning, ms. */
async function firstToken(beginning: string, cacheKey?: string): Promise<number> {
  const { ttftMs, cache } = await provider.generate(
    {
      model: "tiny-chat",
      messages: [
        { role: "system", content: beginning },
        { role: "user", content: "What is the capital of France?" },
      ],
      temperature: 0,
      maxOutputTokens: 8,
      ...(cacheKey === undefined ? {} : { cacheKey }),
    },
    { signal: new AbortController().signal, onDelta: () => undefined },
  );
  if (cacheKey !== undefined && cache?.source !== "saved")
    throw new Error(`the saved state was not used: ${cache?.reason}`);
  return ttftMs ?? Number.NaN;
}

const beginning = (salt: string) => `${salt} begins. ${"The sky is wide and blue. ".repeat(120)}`;
const signal = new AbortController().signal;
const content = { messages: [{ role: "system" as const, content: beginning("Cached") }], tools: [] };
const built = await provider.promptCache?.build("tiny-chat", "bench", content, {
  makeDefault: false,
  ttlMs: null,
  signal,
});
const first = { cached: [] as number[], uncached: [] as number[] };
for (let round = -1; round < rounds; round++) {
  // One question for each place, so that none remembers the cached beginning.
  const uncached: number[] = [];
  for (let place = 0; place < 4; place++) uncached.push(await firstToken(beginning(`Round ${round}, place ${place},`)));
  const cached = await firstToken(beginning("Cached"), "bench");
  if (round < 0) continue;
  first.uncached.push(...uncached);
  first.cached.push(cached);
}
await provider.close();
const [cached, uncached] = [quantile(first.cached, 0.5), quantile(first.uncached, 0.5)];
const [ours, theirs] = [quantile(rates.ours, 0.5), quantile(rates.direct, 0.5)];
const rows: Row[] = [
  {
    what: "local generation, tokens per second",
    measured: round(ours, 0),
    unit: "/s",
    floor: round(theirs, 0),
    ratio: round(ours / theirs),
    target: "≥ 0.95 × node-llama-cpp called directly",
    ok: ours >= 0.95 * theirs,
  },
  {
    what: `first token after ${built?.tokens} tokens from a saved state, against reading them`,
    measured: round(cached, 1),
    unit: "ms",
    floor: round(uncached, 1),
    ratio: round(cached / uncached),
    target: "≤ 0.15 × uncached",
    ok: cached <= 0.15 * uncached,
  },
];
print(rows);
process.exit(0);
