import { describe, expect, test } from "bun:test";
import { readEvents } from "#sdk/event-stream.ts";

async function read(...chunks: (string | Uint8Array)[]) {
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(typeof chunk === "string" ? encoder.encode(chunk) : chunk);
      controller.close();
    },
  });
  return Array.fromAsync(readEvents(body));
}

describe("readEvents", () => {
  test("reads id, event and data", async () => {
    expect(await read('id: 8\nevent: step\ndata: {"a": 1}\n\n')).toEqual([
      { event: "step", data: '{"a": 1}', id: "8" },
    ]);
  });

  test.each([["\n"], ["\r\n"], ["\r"]])("reads the same with line end %j, cut at every byte", async (end) => {
    const text = ["event: step", "data: é1", "data: 2", "", ": keep-alive", "", "event: done", "data: x", "", ""].join(
      end,
    );
    const bytes = new TextEncoder().encode(text);
    const expected = [
      { event: "step", data: "é1\n2", id: null },
      { event: "comment", data: "keep-alive", id: null },
      { event: "done", data: "x", id: null },
    ];
    const events = await read(...Array.from(bytes, (_, index) => bytes.subarray(index, index + 1)));
    // A lone CR at the very end may be the first half of CR LF, so that form ends one event earlier.
    expect(events).toEqual(end === "\r" ? expected.slice(0, 2) : expected);
  });

  test("drops an event that the connection cut off", async () => {
    expect(await read("event: step\ndata: 1\n\nevent: step\ndata: 2\n")).toEqual([
      { event: "step", data: "1", id: null },
    ]);
  });

  test("an event without data is none, and its name does not stick", async () => {
    expect(await read("event: step\n\ndata: 1\n\n")).toEqual([{ event: "message", data: "1", id: null }]);
  });

  test("a field without a colon and an unknown field do no harm", async () => {
    expect(await read("data\nretry: 10\nnonsense: 1\n\n")).toEqual([{ event: "message", data: "", id: null }]);
  });
});
