/** One event of a `text/event-stream`; a comment is `{event: "comment"}`, so that a reader sees that the line is alive. */
export interface ServerEvent {
  event: string;
  data: string;
  /** Last `id:` seen on this connection, or null. */
  id: string | null;
}

/** Reads server-sent events from bytes: any chunking, LF, CR LF or CR line ends. An unfinished event at the end is dropped. */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  const pending: Pending = { event: "", data: [], id: null };
  for await (const line of readLines(body)) {
    const event = takeLine(pending, line);
    if (event) yield event;
  }
}

interface Pending {
  event: string;
  data: string[];
  id: string | null;
}

function takeLine(pending: Pending, line: string): ServerEvent | null {
  if (line === "") return dispatch(pending);
  if (line.startsWith(":")) return { event: "comment", data: line.slice(1).trim(), id: pending.id };
  const colon = line.indexOf(":");
  const field = colon < 0 ? line : line.slice(0, colon);
  const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
  if (field === "event") pending.event = value;
  else if (field === "data") pending.data.push(value);
  else if (field === "id") pending.id = value;
  return null;
}

function dispatch(pending: Pending): ServerEvent | null {
  const { event, data, id } = pending;
  pending.event = "";
  pending.data = [];
  return data.length === 0 ? null : { event: event || "message", data: data.join("\n"), id };
}

async function* readLines(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  // Not every browser can iterate over a stream.
  const reader = body.getReader();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const parts = (rest + decoder.decode(value, { stream: true })).split(/\r\n|\n|\r(?=[^\n])/);
      rest = parts.pop() ?? "";
      yield* parts;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
