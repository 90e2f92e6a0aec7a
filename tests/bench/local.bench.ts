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

const provider = createLocalProvider({
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
await provider.close();
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
];
print(rows);
process.exit(0);
