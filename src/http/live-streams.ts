import { type Hub, createHub } from "#ledger/hub.ts";
import { type Heartbeats, createHeartbeats } from "#http/heartbeat.ts";
import type { SharedServices } from "#http/services.ts";
import { type LedgerStream, createLedgerStream } from "#http/sse.ts";

/** All open event streams of the server. */
export interface LiveStreams {
  open(options: {
    runId: string;
    after: number;
    heartbeatMs: number;
    deltas: boolean;
    /** True when there is nothing to send yet. */
    greet: boolean;
    /** Aborts when the client is gone, also before it has read anything. */
    signal: AbortSignal;
    onClose: () => void;
    /** Whether the client would be let in now; null when that cannot change. */
    isWelcome: (() => boolean) | null;
  }): ReadableStream<Uint8Array>;
  readonly count: number;
  /** Ends every stream; their clients come again with their cursors. */
  end(): void;
}

/** What one pull hands to a slow client at most, so that thousands of them fit into memory. */
const pageBytes = 128 * 1024;

/** How soon a stream ends whose client was disabled, signed out or got another token. */
const checkMs = 2000;

export function createLiveStreams(services: Pick<SharedServices, "wholeLedger" | "runner" | "now">): LiveStreams {
  const hub: Hub = createHub(services.wholeLedger, { pageBytes });
  const heartbeats: Heartbeats = createHeartbeats(services.now);
  const streams = new Set<LedgerStream>();
  const watched = new Map<LedgerStream, () => boolean>();
  let checking: Timer | null = null;
  const check = () => {
    for (const [stream, isWelcome] of watched) if (!isWelcome()) stream.end();
  };
  const forget = (stream: LedgerStream) => {
    streams.delete(stream);
    watched.delete(stream);
    if (watched.size > 0 || checking === null) return;
    clearInterval(checking);
    checking = null;
  };
  let hasEnded = false;
  return {
    get count() {
      return streams.size;
    },
    open({ runId, after, heartbeatMs, deltas, greet, signal, onClose, isWelcome }) {
      const { runner } = services;
      const stream = createLedgerStream({
        runId,
        follower: hub.follow(runId, after),
        heartbeatMs,
        heartbeats,
        greet,
        onDelta: deltas && runner ? (listener) => runner.onDelta(runId, listener) : null,
        onClose: () => {
          forget(stream);
          onClose();
        },
      });
      streams.add(stream);
      if (isWelcome) {
        watched.set(stream, isWelcome);
        checking ??= setInterval(check, checkMs);
      }
      signal.addEventListener("abort", () => stream.end(), { once: true });
      if (hasEnded || signal.aborted) stream.end();
      return stream.body;
    },
    end() {
      hasEnded = true;
      for (const stream of streams) stream.end();
      heartbeats.stop();
      hub.close();
    },
  };
}
