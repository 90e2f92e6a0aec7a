import type { Ended, Frames, RunFollower } from "#ledger/hub.ts";
import type { Heartbeats } from "#http/heartbeat.ts";
import type { Delta } from "#runner/runner.ts";

/** One client's live view of a run, as bytes of `text/event-stream` (contract 1.4.4). */
export interface StreamOptions {
  runId: string;
  follower: RunFollower;
  heartbeatMs: number;
  heartbeats: Heartbeats;
  /** Live text of models, when the client asked for it. Answers the unsubscribe function. */
  onDelta: ((listener: (delta: Delta) => void) => () => void) | null;
  /** Begin with a comment: a reply of which no byte was sent yet is not open for its client, and nothing else may come for long. */
  greet: boolean;
  /** Called once, when the stream is over for whatever reason. */
  onClose: () => void;
}

export interface LedgerStream {
  body: ReadableStream<Uint8Array>;
  /** Ends the stream without a `done` and tells the client to come again soon, with its cursor. */
  end(): void;
}

/** Text that came while the client was not reading is not worth more memory than this. */
const maxPendingDeltaChars = 64 * 1024;

/**
 * The client pulls: records are read when it has taken what it got before, so a slow client costs a socket buffer and a page, no more.
 * Nothing is polled; a commit, a heartbeat or a delta wakes the stream.
 */
export function createLedgerStream(options: StreamOptions): LedgerStream {
  const pump = new Pump(options);
  const body = new ReadableStream<Uint8Array>(
    { pull: (controller) => pump.pull(controller), cancel: () => pump.close() },
    // Without this the stream would read one chunk ahead of its client.
    { highWaterMark: 0 },
  );
  return { body, end: () => pump.end() };
}

type Controller = ReadableStreamDefaultController<Uint8Array>;
type Fetched = { found: Frames | Ended } | { error: unknown };

class Pump {
  #options: StreamOptions;
  #controller: Controller | null = null;
  #greeting: boolean;
  #fetching = false;
  /** What the follower answered and the client has not got yet. */
  #fetched: Fetched | null = null;
  #deltas = "";
  #state: "open" | "ending" | "closed" = "open";
  #wake: (() => void) | null = null;
  #stopDeltas: (() => void) | null;

  constructor(options: StreamOptions) {
    this.#options = options;
    this.#greeting = options.greet;
    this.#stopDeltas = options.onDelta?.((delta) => this.#addDelta(delta)) ?? null;
  }

  async pull(controller: Controller): Promise<void> {
    this.#controller = controller;
    if (this.#greeting) {
      this.#greeting = false;
      return controller.enqueue(keepAlive);
    }
    for (;;) {
      if (this.#state === "closed") return closeQuietly(controller);
      if (this.#state === "ending") return this.#finish();
      if (this.#fetched) return this.#send(controller, this.#fetched);
      if (this.#deltas) return controller.enqueue(encoder.encode(this.#takeDeltas()));
      this.#fetch();
      if (!(await this.#somethingNew())) return controller.enqueue(keepAlive);
    }
  }

  /** The client is gone, or everything was said. */
  close(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#stopDeltas?.();
    this.#options.follower.close();
    this.#options.onClose();
    this.#wake?.();
  }

  end(): void {
    if (this.#state !== "open") return;
    this.#state = "ending";
    // A pull under way ends the stream when it wakes; without one nobody else would.
    if (this.#wake) this.#wake();
    else this.#finish();
  }

  #finish(): void {
    if (this.#state === "ending" && this.#controller) enqueueQuietly(this.#controller, comeAgain);
    this.close();
    if (this.#controller) closeQuietly(this.#controller);
  }

  #send(controller: Controller, fetched: Fetched): void {
    this.#fetched = null;
    if ("error" in fetched) {
      // Nothing can be told any more in the middle of a stream: ending it makes the client come again and read the error.
      this.#finish();
      return;
    }
    const { found } = fetched;
    if (this.#deltas) controller.enqueue(encoder.encode(this.#takeDeltas()));
    if (!found.ended) {
      controller.enqueue(found.frames.length === 1 && found.frames[0] ? found.frames[0] : Buffer.concat(found.frames));
      return;
    }
    controller.enqueue(doneFrame(this.#options.runId, found.cursor));
    this.#finish();
  }

  /** One question to the follower stays open over any number of heartbeats. */
  #fetch(): void {
    if (this.#fetching) return;
    this.#fetching = true;
    const settle = (fetched: Fetched) => {
      this.#fetching = false;
      this.#fetched = fetched;
      this.#wake?.();
    };
    this.#options.follower.next().then(
      (found) => settle({ found }),
      (error: unknown) => settle({ error }),
    );
  }

  /** False when the time of a heartbeat came first. */
  #somethingNew(): Promise<boolean> {
    const { heartbeats, heartbeatMs } = this.#options;
    return new Promise((resolve) => {
      const settle = (isNew: boolean) => {
        this.#wake = null;
        cancel();
        resolve(isNew);
      };
      const cancel = heartbeats.after(heartbeatMs, () => settle(false));
      this.#wake = () => settle(true);
    });
  }

  #addDelta(delta: Delta): void {
    if (this.#deltas.length < maxPendingDeltaChars) this.#deltas += `event: delta\ndata: ${JSON.stringify(delta)}\n\n`;
    this.#wake?.();
  }

  #takeDeltas(): string {
    const deltas = this.#deltas;
    this.#deltas = "";
    return deltas;
  }
}

function enqueueQuietly(controller: Controller, bytes: Uint8Array): void {
  try {
    controller.enqueue(bytes);
  } catch {
    // The client left in the same moment.
  }
}

function closeQuietly(controller: Controller): void {
  try {
    controller.close();
  } catch {
    // Closed already: the client left in the same moment.
  }
}

const encoder = new TextEncoder();
/** `retry` is the pause before a browser comes again, ms. Without it that would be some seconds. */
const comeAgain = encoder.encode(": this server is going, come again\nretry: 250\n\n");
const keepAlive = encoder.encode(": keep-alive\n\n");

function doneFrame(runId: string, cursor: number): Uint8Array {
  return encoder.encode(
    `event: done\ndata: {"run_id": ${JSON.stringify(runId)}, "cursor": ${cursor}, "status": "terminal"}\n\n`,
  );
}
