import type { Clock } from "#core/time.ts";
import type { Ledger } from "#ledger/ledger.ts";

/** Node timers cannot count further than 2^31 ms; a longer wait is looked at again on the way. */
const maxDelayMs = 2 ** 30;
const page = 256;

/** Wakes runs whose time has come. One timer for the earliest of all; an idle gateway has none. */
export class Timers {
  #ledger: Ledger;
  #now: Clock;
  #wake: (runId: string) => void;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #dueMs = Number.POSITIVE_INFINITY;
  #isStopped = false;

  constructor(ledger: Ledger, now: Clock, wake: (runId: string) => void) {
    this.#ledger = ledger;
    this.#now = now;
    this.#wake = wake;
  }

  /** Reads the earliest time from the ledger. */
  async start(): Promise<void> {
    const next = await this.#ledger.nextWake();
    if (next !== null) this.consider(next);
  }

  /** A run will want to be woken at this time. */
  consider(wakeAtMs: number): void {
    if (this.#isStopped || wakeAtMs >= this.#dueMs) return;
    this.#dueMs = wakeAtMs;
    if (this.#timer) clearTimeout(this.#timer);
    const delay = Math.min(maxDelayMs, Math.max(0, Math.ceil(wakeAtMs - this.#now())));
    this.#timer = setTimeout(() => void this.#fire(), delay);
  }

  stop(): void {
    this.#isStopped = true;
    if (this.#timer) clearTimeout(this.#timer);
  }

  async #fire(): Promise<void> {
    this.#dueMs = Number.POSITIVE_INFINITY;
    this.#timer = null;
    try {
      const due = await this.#ledger.dueRuns(this.#now(), page);
      for (const runId of due) this.#wake(runId);
      // Those just woken are still due in the store until they commit: look again a moment later, not at once.
      const next = await this.#ledger.nextWake();
      if (next !== null) this.consider(Math.max(next, this.#now() + (due.length > 0 ? 20 : 1)));
    } catch {
      this.consider(this.#now() + 1000);
    }
  }
}
