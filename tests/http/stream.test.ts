import { afterEach, describe, expect, test } from "bun:test";
import { createHeartbeats } from "#http/heartbeat.ts";
import { createLedgerStream } from "#http/sse.ts";
import type { RunFollower } from "#ledger/hub.ts";
import { type Harness, type HarnessOptions, createHarness, token } from "./harness.ts";

let gateway: Harness | null = null;

async function open(options: HarnessOptions = {}): Promise<Harness> {
  gateway = await createHarness(options);
  return gateway;
}

afterEach(async () => {
  await gateway?.close();
  gateway = null;
});

/** Reads a stream as text, up to what a test waits for. */
class StreamReader {
  readonly response: Response;
  text = "";
  #reader: ReadableStreamDefaultReader<Uint8Array>;
  #decoder = new TextDecoder();

  constructor(response: Response) {
    this.response = response;
    if (!response.body) throw new Error("the reply has no body");
    this.#reader = response.body.getReader();
  }

  /** Everything up to and including the text. */
  async until(text: string): Promise<string> {
    while (!this.text.includes(text))
      if (!(await this.#more())) throw new Error(`ended before '${text}': ${this.text}`);
    const end = this.text.indexOf(text) + text.length;
    const read = this.text.slice(0, end);
    this.text = this.text.slice(end);
    return read;
  }

  async toEnd(): Promise<string> {
    while (await this.#more());
    return this.text;
  }

  cancel(): Promise<void> {
    return this.#reader.cancel();
  }

  async #more(): Promise<boolean> {
    const { done, value } = await this.#reader.read();
    if (!done) this.text += this.#decoder.decode(value, { stream: true });
    return !done;
  }
}

async function follow(
  server: Harness,
  query = "",
  headers: Record<string, string> = {},
  runId = "r",
): Promise<StreamReader> {
  const response = await server.raw(`/api/gateway/runs/${runId}/ledger/stream${query}`, {
    headers: { authorization: `Bearer ${token}`, ...headers },
  });
  return new StreamReader(response);
}

async function frame(server: Harness, seq: number): Promise<string> {
  const [record] = await server.ledger.readRecords("r", seq - 1, { limit: 1 });
  return `id: ${seq}\nevent: step\ndata: {"cursor": ${seq}, "record": ${record?.json}}\n\n`;
}

const done = (cursor: number) => `event: done\ndata: {"run_id": "r", "cursor": ${cursor}, "status": "terminal"}\n\n`;

test("a stream sends what is there, then each new record, then the end, in the bytes of the contract", async () => {
  const server = await open();
  const writer = await server.addRun("r", 2);
  const stream = await follow(server);
  expect(stream.response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
  expect(stream.response.headers.get("cache-control")).toBe("no-cache");
  expect(stream.response.headers.get("x-accel-buffering")).toBe("no");
  const second = await frame(server, 2);
  expect(await stream.until(second)).toBe((await frame(server, 1)) + second);
  await writer.write(1, {}, { result: { message: "a\nb\r\u2028ü" } });
  const third = await frame(server, 3);
  expect(await stream.until(third)).toBe(third);
  await writer.finish();
  expect(await stream.toEnd()).toBe((await frame(server, 4)) + done(4));
});

test("a finished run answers at once and closes", async () => {
  const server = await open();
  await (await server.addRun("r", 2)).finish();
  expect(await (await follow(server, "?after=3")).toEnd()).toBe(done(3));
  expect(await (await follow(server, "?after=2")).toEnd()).toBe((await frame(server, 3)) + done(3));
});

describe("where a stream begins", () => {
  const table: [after: string, header: string | null, first: number][] = [
    ["", null, 1],
    ["?after=2", null, 3],
    ["", "3", 4],
    ["?after=3", "1", 4],
    ["?after=1", "3", 4],
    ["?after=1", "nonsense", 2],
    ["?after=1", "-5", 2],
    ["?after=1", "99999999999999999999", 2],
  ];
  for (const [after, header, first] of table) {
    test(`'${after}' with Last-Event-ID ${header} begins at ${first}`, async () => {
      const server = await open();
      await (await server.addRun("r", 4)).finish();
      const text = await (await follow(server, after, header === null ? {} : { "last-event-id": header })).toEnd();
      expect(text).toStartWith(`id: ${first}\n`);
    });
  }
});

test("an unknown run is not found before anything is streamed", async () => {
  const server = await open();
  const stream = await follow(server, "", {}, "none");
  expect([stream.response.status, await stream.toEnd()]).toEqual([404, `{"detail":"Run 'none' not found"}`]);
});

test("a stream that has nothing to send yet opens with a comment", async () => {
  const server = await open();
  await server.addRun("r", 1);
  const stream = await follow(server, "?after=1&heartbeat_s=60");
  expect(await stream.until("\n\n")).toBe(": keep-alive\n\n");
  await stream.cancel();
});

test("silence is broken by comments, and what follows comes at once", async () => {
  const server = await open();
  const writer = await server.addRun("r", 1);
  const stream = await follow(server, "?after=1&heartbeat_s=0.15");
  expect(await stream.until(": keep-alive\n\n: keep-alive\n\n")).toBe(": keep-alive\n\n: keep-alive\n\n");
  await writer.write(1);
  expect((await stream.until(await frame(server, 2))).replaceAll(": keep-alive\n\n", "")).toBe(await frame(server, 2));
  await stream.cancel();
});

test("a client that reads slowly gets everything, and nothing piles up for it", async () => {
  const server = await open();
  const writer = await server.addRun("r");
  const big = "x".repeat(10_000);
  const pulled: number[] = [];
  const read = server.ledger.readRecords.bind(server.ledger);
  server.ledger.readRecords = (runId, after, options) => {
    pulled.push(after);
    return read(runId, after, options);
  };
  const stream = await follow(server);
  for (let count = 0; count < 40; count++) await writer.write(50, {}, { result: { message: big } });
  await writer.finish();
  // 20 MB are in the ledger; of them the server has read no more than what the socket took.
  expect(Math.max(...pulled, 0)).toBeLessThan(1500);
  const text = await stream.toEnd();
  const ids = [...text.matchAll(/^id: (\d+)$/gm)].map((match) => Number(match[1]));
  expect(ids).toEqual(Array.from({ length: 2001 }, (_, index) => index + 1));
  expect(text).toEndWith(done(2001));
}, 30_000);

test("a record is asked for only when the client has taken what came before", async () => {
  let asked = 0;
  let ended = 0;
  const follower: RunFollower = {
    cursor: 0,
    next: async () => ({ ended: false, cursor: ++asked, frames: [new Uint8Array([0x30 + asked])] }),
    close: () => void ended++,
  };
  const { body } = createLedgerStream({
    runId: "r",
    follower,
    heartbeatMs: 60_000,
    heartbeats: createHeartbeats(() => performance.now()),
    onDelta: null,
    greet: false,
    onClose: () => void ended++,
  });
  const reader = body.getReader();
  for (let count = 1; count <= 5; count++) {
    expect(new TextDecoder().decode((await reader.read()).value)).toBe(String(count));
    // Everything that could run by itself has run after a turn of the event loop.
    await new Promise((resolve) => setImmediate(resolve));
    expect(asked).toBe(count);
  }
  await reader.cancel();
  expect([asked, ended]).toEqual([5, 2]);
});

test("an error under way ends the stream without a done", async () => {
  const follower: RunFollower = {
    cursor: 0,
    next: async () => {
      throw new Error("the disk is gone");
    },
    close: () => undefined,
  };
  const closed = Promise.withResolvers<void>();
  const { body } = createLedgerStream({
    runId: "r",
    follower,
    heartbeatMs: 60_000,
    heartbeats: createHeartbeats(() => performance.now()),
    onDelta: null,
    greet: false,
    onClose: closed.resolve,
  });
  expect(await new Response(body).text()).toBe("");
  await closed.promise;
});

test("text of a model is sent to those who ask for it, without a cursor", async () => {
  const server = await open();
  const writer = await server.addRun("r", 1);
  const plain = await follow(server, "?after=1");
  const asked = await follow(server, "?after=1&deltas=1&heartbeat_s=60");
  const delta = { run_id: "r", node_id: "llm", step_id: "s", text: "Hel\nlo" };
  while (server.deltaListeners() === 0) await Promise.resolve();
  server.emitDelta(delta);
  const expected = `event: delta\ndata: ${JSON.stringify(delta)}\n\n`;
  expect(await asked.until(expected)).toBe(`: keep-alive\n\n${expected}`);
  await writer.finish();
  expect(await asked.toEnd()).toBe((await frame(server, 2)) + done(2));
  expect((await plain.toEnd()).replaceAll(": keep-alive\n\n", "")).toBe((await frame(server, 2)) + done(2));
  expect(server.deltaListeners()).toBe(0);
});

test("streams have places of their own, which come back when they end", async () => {
  const server = await open({ limits: { maxSse: 1, maxConcurrency: 1 } });
  const writer = await server.addRun("r", 1);
  const first = await follow(server);
  await first.until("\n\n");
  const second = await follow(server);
  expect([second.response.status, second.response.headers.get("retry-after")]).toEqual([429, "1"]);
  expect((await server.request("GET", "/api/gateway/ping")).status).toBe(200);
  await writer.finish();
  await first.toEnd();
  expect((await follow(server)).response.status).toBe(200);
});

test("the place of a client that goes away comes back", async () => {
  const server = await open({ limits: { maxSse: 1 } });
  const writer = await server.addRun("r", 1);
  const controller = new AbortController();
  const response = await server.raw("/api/gateway/runs/r/ledger/stream", {
    headers: { authorization: `Bearer ${token}` },
    signal: controller.signal,
  });
  expect(response.status).toBe(200);
  controller.abort();
  // The server learns of it from the socket; each try waits for a place for some milliseconds.
  let status = 429;
  for (let tries = 0; tries < 200 && status === 429; tries++) status = (await follow(server)).response.status;
  expect(status).toBe(200);
  await writer.finish();
});

test("a server that stops ends its streams without a done and asks their clients to come again soon", async () => {
  const server = await open();
  await server.addRun("r", 1);
  const stream = await follow(server, "?deltas=1");
  const idle = await follow(server, "?after=1");
  await stream.until("\n\n");
  await idle.until(": keep-alive\n\n");
  const texts = Promise.all([stream.toEnd(), idle.toEnd()]);
  await server.stop();
  const goodbye = ": this server is going, come again\nretry: 250\n\n";
  expect(await texts).toEqual([goodbye, goodbye]);
});

test("one timer serves all heartbeats, in the order of their times, and a cancelled one is silent", async () => {
  const beats = createHeartbeats(() => performance.now());
  const order: string[] = [];
  const last = Promise.withResolvers<void>();
  beats.after(350, () => {
    order.push("late");
    last.resolve();
  });
  beats.after(150, () => {
    order.push("early");
    beats.after(1, () => order.push("again"));
  });
  const cancel = beats.after(150, () => order.push("cancelled"));
  cancel();
  cancel();
  await last.promise;
  beats.stop();
  expect(order).toEqual(["early", "again", "late"]);
});
