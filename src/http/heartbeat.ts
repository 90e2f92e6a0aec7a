import type { Clock } from "#core/time.ts";

/** Calls back after a time of silence, for very many streams, with one timer. */
export interface Heartbeats {
  /** Answers the function that takes the call back; calling it late or twice is harmless. */
  after(delayMs: number, beat: () => void): () => void;
  stop(): void;
}

/** Streams whose time comes within the same tick are served together; a heartbeat need not be more exact. */
const tickMs = 100;

export function createHeartbeats(now: Clock): Heartbeats {
  const buckets = new Map<number, Set<() => void>>();
  let timer: ReturnType<typeof setTimeout> | null = null;
  let timerTick = Number.POSITIVE_INFINITY;

  const arm = (tick: number): void => {
    if (timer) clearTimeout(timer);
    timerTick = tick;
    timer = setTimeout(run, Math.max(1, tick * tickMs - now()));
  };
  const run = (): void => {
    timer = null;
    timerTick = Number.POSITIVE_INFINITY;
    const due = Math.floor(now() / tickMs);
    let next = Number.POSITIVE_INFINITY;
    for (const [tick, beats] of buckets) {
      if (tick > due) {
        next = Math.min(next, tick);
        continue;
      }
      buckets.delete(tick);
      for (const beat of beats) beat();
    }
    // A beat may have asked for its next one, which armed the timer already.
    if (next < timerTick) arm(next);
  };

  return {
    after(delayMs, beat) {
      const tick = Math.ceil((now() + delayMs) / tickMs);
      const own = () => beat();
      const beats = buckets.get(tick) ?? new Set();
      buckets.set(tick, beats.add(own));
      if (tick < timerTick) arm(tick);
      return () => {
        beats.delete(own);
        if (beats.size === 0 && buckets.get(tick) === beats) buckets.delete(tick);
      };
    },
    stop() {
      if (timer) clearTimeout(timer);
      timer = null;
      timerTick = Number.POSITIVE_INFINITY;
      buckets.clear();
    },
  };
}
