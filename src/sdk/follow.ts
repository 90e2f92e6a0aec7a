import { parseJson } from "#core/json.ts";
import { type ServerEvent, readEvents } from "#sdk/event-stream.ts";
import { SdkError } from "#sdk/sdk-error.ts";
import type { Send } from "#sdk/transport.ts";
import type { LedgerEntry } from "#sdk/wire.ts";

/** A piece of what a model says, of the step under way. */
export interface Delta {
  run_id: string;
  node_id: string;
  step_id: string;
  text: string;
  /** The text is all that the step has said so far: told to who comes late. */
  whole?: true;
}

export interface FollowOptions {
  /** Records already seen: the first one that comes is `after + 1`. */
  after?: number;
  /** Text of models while it is made; what counts is what the records say. */
  onDelta?: (delta: Delta) => void;
  /** A connection was answered: the first one, and each one after a loss. */
  onConnect?: () => void;
  /** Ends the iteration quietly. */
  signal?: AbortSignal;
  /** A connection was lost and is opened again after `delayMs`. */
  onDisconnect?: (error: unknown, delayMs: number) => void;
  /** Silence after which the connection counts as lost. The server sends a comment every 5 s. */
  silenceMs?: number;
  /** First and longest pause before a new connection. */
  delayMs?: { first: number; longest: number };
}

/**
 * The records of a run as they become durable, each once and in order, until the run has ended. A lost connection is opened again at the
 * last cursor, for as long as the caller keeps iterating; an answer that cannot get better (404, 401 …) throws SdkError, as does a gateway
 * that was not there in the first place.
 */
export async function* follow(send: Send, runId: string, options: FollowOptions = {}): AsyncGenerator<LedgerEntry> {
  const progress: Progress = { cursor: options.after ?? 0, connected: false, done: false };
  const { first, longest } = options.delayMs ?? { first: 250, longest: 5000 };
  let delayMs = first;
  while (!progress.done && !options.signal?.aborted) {
    const before = progress.cursor;
    try {
      yield* connection(send, runId, progress, options);
      if (progress.done || options.signal?.aborted) return;
      throw new SdkError(null, "The gateway closed the connection before the run had ended.");
    } catch (error) {
      if (options.signal?.aborted) return;
      if (!progress.connected || !isTransient(error)) throw error;
      delayMs = progress.cursor > before ? first : delayMs;
      const pauseMs = error instanceof SdkError && error.retryAfterS ? error.retryAfterS * 1000 : delayMs;
      options.onDisconnect?.(error, pauseMs);
      await pause(pauseMs, options.signal);
      delayMs = Math.min(longest, delayMs * 2);
    }
  }
}

interface Progress {
  cursor: number;
  /** At least one connection of this iteration was answered. */
  connected: boolean;
  done: boolean;
}

async function* connection(send: Send, runId: string, progress: Progress, options: FollowOptions) {
  const closer = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, closer.signal]) : closer.signal;
  const path = `/api/gateway/runs/${encodeURIComponent(runId)}/ledger/stream`;
  const headers = { accept: "text/event-stream" };
  const query = { after: progress.cursor, ...(options.onDelta ? { deltas: true } : {}) };
  const answer = await send(path, { query, headers, signal, stream: true });
  progress.connected = true;
  options.onConnect?.();
  if (!answer.body) return;
  const ring = () => setTimeout(() => closer.abort(), options.silenceMs ?? 30_000);
  let alarm = ring();
  try {
    for await (const event of readEvents(answer.body)) {
      clearTimeout(alarm);
      alarm = ring();
      if (event.event === "done") {
        progress.done = true;
        return;
      }
      if (event.event === "delta") options.onDelta?.(parseJson(event.data) as unknown as Delta);
      const entry = entryOf(event);
      if (!entry || entry.cursor <= progress.cursor) continue;
      progress.cursor = entry.cursor;
      yield entry;
    }
  } finally {
    clearTimeout(alarm);
    closer.abort();
  }
}

function entryOf(event: ServerEvent): LedgerEntry | null {
  if (event.event !== "step") return null;
  const data = parseJson(event.data) as unknown as Partial<LedgerEntry> | null;
  if (typeof data?.cursor !== "number" || !data.record) {
    throw new SdkError(200, "The gateway sent a step without a cursor or a record.");
  }
  return { cursor: data.cursor, record: data.record };
}

/** Aborted reads, reset sockets and restarting gateways; not an answer that says no, and not a defect of ours. */
function isTransient(error: unknown): boolean {
  if (error instanceof SdkError) return error.retryable;
  return !(error instanceof SyntaxError);
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener("abort", end, { once: true });
  });
}
