import { messageOf } from "#core/errors.ts";
import type { Log } from "#core/log.ts";

export interface Patience {
  /** First and longest pause before another attempt. */
  firstMs: number;
  longestMs: number;
}

/** What an error asks for: another attempt, after a pause of its own or ours, or none. */
export type Verdict = { again: true; afterMs?: number; reason?: string } | { again: false };

/**
 * Trouble with one server, said once when it begins or becomes another one, and once when it is over. Calls that meet it are tried again
 * until they succeed or the bridge stops.
 */
export class Server {
  #name: string;
  #log: Log;
  #patience: Patience;
  #judge: (error: unknown) => Verdict;
  #random: () => number;
  #trouble: string | null = null;

  constructor(options: {
    name: string;
    log: Log;
    patience: Patience;
    judge: (error: unknown) => Verdict;
    random?: () => number;
  }) {
    this.#name = options.name;
    this.#log = options.log;
    this.#patience = options.patience;
    this.#judge = options.judge;
    this.#random = options.random ?? Math.random;
  }

  /** Throws what cannot get better, and the signal's reason. */
  async persist<T>(signal: AbortSignal, call: () => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      signal.throwIfAborted();
      try {
        const result = await call();
        this.#over();
        return result;
      } catch (error) {
        signal.throwIfAborted();
        const verdict = this.#judge(error);
        if (!verdict.again) throw error;
        this.#begins(verdict.reason ?? messageOf(error));
        await pause(verdict.afterMs ?? this.#delayMs(attempt), signal);
      }
    }
  }

  #delayMs(attempt: number): number {
    const { firstMs, longestMs } = this.#patience;
    return Math.min(longestMs, firstMs * 2 ** Math.min(attempt, 20)) * (0.75 + this.#random() / 4);
  }

  #begins(reason: string): void {
    if (this.#trouble === reason) return;
    this.#trouble = reason;
    this.#log.write("warn", `${this.#name}: ${reason}. It is tried again until it works.`);
  }

  #over(): void {
    if (this.#trouble === null) return;
    this.#trouble = null;
    this.#log.write("warn", `${this.#name} answers again.`);
  }
}

/** Ends early when the signal aborts. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end, { once: true });
  });
}
