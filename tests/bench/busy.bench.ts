import { copyFileSync, mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startGateway, token } from "#fixtures/gateway.ts";
import { type Row, print, quantile, round } from "./measure.ts";

/** How long HTTP takes while a local model writes without pause, beside the same gateway at rest. `bun tests/bench/busy.bench.ts` */
const requests = 1500;
const pauseMs = 4;

const dataDir = mkdtempSync(join(tmpdir(), "gateway-busy-"));
mkdirSync(join(dataDir, "models"));
copyFileSync(join(import.meta.dirname, "../fixtures/models/tiny-chat.gguf"), join(dataDir, "models/tiny-chat.gguf"));
const gateway = await startGateway({
  dataDir,
  env: { ABSTRACTGATEWAY_PROBE_SERVERS: "0", ABSTRACTGATEWAY_LOCAL_THREADS: "1", ABSTRACTGATEWAY_LOCAL_GPU: "off" },
});

async function chat(content: string): Promise<number> {
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({ model: "tiny-chat", messages: [{ role: "user", content }], max_tokens: 400 }),
  });
  const { usage } = (await response.json()) as { usage: { completion_tokens: number } };
  return usage.completion_tokens;
}

async function latencies(): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < requests; index++) {
    const from = performance.now();
    await gateway.get("/runs?limit=20");
    times.push(performance.now() - from);
    await Bun.sleep(pauseMs);
  }
  return times;
}

await chat("Hello");
await latencies();
const rest = await latencies();
let isOver = false;
let tokens = 0;
const writing = (async () => {
  while (!isOver) tokens += await chat("Tell me a long story");
})();
const from = performance.now();
const busy = await latencies();
const tokensPerS = tokens / ((performance.now() - from) / 1000);
isOver = true;
await writing;
await gateway.close();
const [ours, floor] = [quantile(busy, 0.99), quantile(rest, 0.99)];
const rows: Row[] = [
  {
    what: `HTTP p99 while a model writes (${Math.round(tokensPerS)} tokens/s), beside the same at rest`,
    measured: round(ours),
    unit: "ms",
    floor: round(floor),
    ratio: round(ours / floor),
    target: "< 20 ms",
    ok: ours < 20,
  },
];
print(rows);
process.exit(0);
