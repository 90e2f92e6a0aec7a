import { describe, expect, test } from "bun:test";
import { createClient } from "#sdk/client.ts";
import { SdkError } from "#sdk/sdk-error.ts";
import { done, eventStream, startFakeGateway, step } from "#fixtures/fake-gateway.ts";

const quick = { delayMs: { first: 1, longest: 2 } };

async function cursors(entries: AsyncIterable<{ cursor: number }>): Promise<number[]> {
  return (await Array.fromAsync(entries)).map((entry) => entry.cursor);
}

/** A stream that sends and then stays open until the client leaves; `left` resolves when it does. */
function openStream(text: string): { answer: Response; left: Promise<void> } {
  const { promise: left, resolve } = Promise.withResolvers<void>();
  const body = new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode(text)),
    cancel: () => resolve(),
  });
  return { answer: new Response(body, { headers: { "content-type": "text/event-stream" } }), left };
}

describe("follow", () => {
  test("yields every record until done and then ends", async () => {
    await using gateway = startFakeGateway(() => eventStream(step(1), ": keep-alive\n\n", step(2), done));
    const client = createClient({ baseUrl: gateway.url, token: "secret" });
    expect(await cursors(client.follow("R"))).toEqual([1, 2]);
    expect(gateway.requests).toHaveLength(1);
    expect(gateway.requests[0]?.path).toBe("/api/gateway/runs/R/ledger/stream?after=0");
    expect(gateway.requests[0]?.headers.get("authorization")).toBe("Bearer secret");
  });

  test("opens a lost connection again at the last cursor and drops what comes twice", async () => {
    const replies = [
      () => eventStream(step(1), step(2)),
      () => new Response("{}", { status: 503, headers: { "content-type": "application/json" } }),
      () => eventStream(step(2), step(3), "event: step\ndata: {half"),
      () => eventStream(step(3), step(4), done),
    ];
    await using gateway = startFakeGateway(() => (replies.shift() as () => Response)());
    const lost: unknown[] = [];
    const options = { ...quick, onDisconnect: (error: unknown) => lost.push(error) };
    expect(await cursors(createClient({ baseUrl: gateway.url }).follow("R", options))).toEqual([1, 2, 3, 4]);
    expect(gateway.requests.map((request) => request.path.split("?")[1])).toEqual([
      "after=0",
      "after=2",
      "after=2",
      "after=3",
    ]);
    expect(lost).toHaveLength(3);
  });

  test("starts after the cursor that it is given", async () => {
    await using gateway = startFakeGateway(() => eventStream(step(8), done));
    expect(await cursors(createClient({ baseUrl: gateway.url }).follow("R", { after: 7 }))).toEqual([8]);
    expect(gateway.requests[0]?.path).toEndWith("after=7");
  });

  test("counts a silent connection as lost", async () => {
    let calls = 0;
    await using gateway = startFakeGateway(() => (calls++ === 0 ? openStream(step(1)).answer : eventStream(done)));
    const entries = createClient({ baseUrl: gateway.url }).follow("R", { ...quick, silenceMs: 20 });
    expect(await cursors(entries)).toEqual([1]);
    expect(calls).toBe(2);
  });

  test("ends quietly when the caller's signal aborts, and leaves the server's stream", async () => {
    const stream = openStream(step(1));
    await using gateway = startFakeGateway(() => stream.answer);
    const controller = new AbortController();
    const seen: number[] = [];
    for await (const entry of createClient({ baseUrl: gateway.url }).follow("R", { signal: controller.signal })) {
      seen.push(entry.cursor);
      controller.abort();
    }
    expect(seen).toEqual([1]);
    await stream.left;
  });

  test("an abort followed by a break throws nothing", async () => {
    for (let round = 0; round < 20; round++) {
      const stream = openStream(step(1));
      await using gateway = startFakeGateway(() => stream.answer);
      const controller = new AbortController();
      for await (const _ of createClient({ baseUrl: gateway.url }).follow("R", { signal: controller.signal })) {
        controller.abort();
        break;
      }
      await stream.left;
    }
  });

  test("leaves the server's stream when the caller breaks out of the loop", async () => {
    const stream = openStream(step(1));
    await using gateway = startFakeGateway(() => stream.answer);
    for await (const _ of createClient({ baseUrl: gateway.url }).follow("R")) break;
    await stream.left;
  });

  test.each([
    [404, "not_found"],
    [401, "unauthorized"],
    [403, "forbidden"],
  ])("throws on %d at once, also after a reconnect", async (status, code) => {
    let calls = 0;
    const refuse = () => Response.json({ detail: "No." }, { status });
    await using gateway = startFakeGateway(() => (calls++ === 0 ? eventStream(step(1)) : refuse()));
    const entries = createClient({ baseUrl: gateway.url }).follow("R", quick);
    const error = await Array.fromAsync(entries).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SdkError);
    expect(error).toMatchObject({ status, code, message: "No." });
    expect(calls).toBe(2);
  });

  test("throws when the gateway was not there in the first place", async () => {
    const gateway = startFakeGateway(() => eventStream(done));
    await gateway[Symbol.asyncDispose]();
    const error = await Array.fromAsync(createClient({ baseUrl: gateway.url }).follow("R")).catch((e: unknown) => e);
    expect(error).toMatchObject({ status: null, code: "unavailable" });
  });

  test("refuses a step without a cursor instead of repeating it for ever", async () => {
    await using gateway = startFakeGateway(() => eventStream('event: step\ndata: {"record": {}}\n\n'));
    const entries = createClient({ baseUrl: gateway.url }).follow("R", quick);
    await expect(Array.fromAsync(entries)).rejects.toThrow("without a cursor");
  });
});
