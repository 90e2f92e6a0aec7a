import { startGateway, token } from "#fixtures/gateway.ts";
import { startOpenAiServer } from "#fixtures/openai-server.ts";
import { type Row, print, quantile, round } from "./measure.ts";

/** What the front door adds to a call of a model server: the same question, asked directly and through the gateway, turn by turn. */
const rounds = 400;
const server = await startOpenAiServer([], () => ({ content: "Four words of answer." }));
const gateway = await startGateway({
  env: { ABSTRACTGATEWAY_PROBE_SERVERS: "0", OPENAI_BASE_URL: `${server.url}/v1`, OPENAI_API_KEY: "k" },
});

async function ask(url: string, model: string): Promise<number> {
  const from = performance.now();
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ model, messages: [{ role: "user", content: "Hello" }] }),
  });
  const { choices } = (await response.json()) as { choices: { message: { content: string } }[] };
  if (choices[0]?.message.content !== "Four words of answer.") throw new Error("another answer");
  return performance.now() - from;
}

const times = { direct: [] as number[], through: [] as number[] };
for (let round = -50; round < rounds; round++) {
  const direct = await ask(server.url, "test-model");
  const through = await ask(gateway.url, "openai-compatible/test-model");
  if (round < 0) continue;
  times.direct.push(direct);
  times.through.push(through);
}
await gateway.close();
await server.close();
const added = (q: number) => quantile(times.through, q) - quantile(times.direct, q);
const rows: Row[] = [
  {
    what: "a model server's answer through /v1/chat/completions, p50",
    measured: round(quantile(times.through, 0.5)),
    unit: "ms",
    floor: round(quantile(times.direct, 0.5)),
    ratio: null,
    target: `adds at most 5 ms (p50 ${round(added(0.5))}, p95 ${round(added(0.95))})`,
    ok: added(0.5) <= 5,
  },
];
print(rows);
process.exit(0);
