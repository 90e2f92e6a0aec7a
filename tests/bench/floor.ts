import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * The floor of the design as a server process: HTTP in, two durable group commits (run row, then 8 hashed records), answer when both are
 * on disk. No engine, no validation, no streams. Prints its address; ends with its parent.
 */
const dir = await mkdtemp(join(tmpdir(), "floor-"));
const worker = new Worker(new URL("./floor-writer.ts", import.meta.url).href);
worker.postMessage({ open: join(dir, "floor.sqlite3") });

const replies = new Map<number, (value: number) => void>();
let lastId = 0;
let outgoing: object[] = [];
worker.onmessage = (event: MessageEvent<[number, number][]>) => {
  for (const [id, value] of event.data) {
    replies.get(id)?.(value);
    replies.delete(id);
  }
};

function send(message: object): Promise<number> {
  const id = ++lastId;
  const { promise, resolve } = Promise.withResolvers<number>();
  replies.set(id, resolve);
  if (outgoing.length === 0) {
    queueMicrotask(() => {
      worker.postMessage(outgoing);
      outgoing = [];
    });
  }
  outgoing.push({ ...message, id });
  return promise;
}

function record(runId: string): string {
  const at = new Date().toISOString();
  const body = JSON.stringify({
    run_id: runId,
    step_id: crypto.randomUUID(),
    node_id: "a1",
    status: "completed",
    effect: {
      type: "answer_user",
      payload: { type: "answer_user", message: "one", level: "message" },
      result_key: "_temp.effects.a1",
    },
    result: { message: "one", level: "message" },
    error: null,
    started_at: at,
    ended_at: at,
    attempt: 1,
    idempotency_key: "0123456789abcdef0123456789abcdef",
  });
  return `${body.slice(0, -1)},"record_hash":"${Bun.SHA256.hash(body, "hex")}"}`;
}

const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  async fetch(request) {
    await request.json();
    const runId = crypto.randomUUID();
    const runNo = await send({ kind: "start", runId, body: JSON.stringify({ text: "x".repeat(200) }) });
    const records = Array.from({ length: 8 }, () => record(runId));
    await send({ kind: "finish", runNo, records });
    return Response.json({ run_id: runId });
  },
});
console.log(`http://127.0.0.1:${server.port}`);
process.on("SIGTERM", async () => {
  await rm(dir, { recursive: true, force: true });
  process.exit(0);
});
