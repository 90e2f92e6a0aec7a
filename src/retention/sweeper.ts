import { messageOf } from "#core/errors.ts";
import type { Retention } from "#retention/retention.ts";

/** Sweeps again and again in the background, first a while after the start, so that a start is not slowed down. */
export class Sweeper {
  #timer: ReturnType<typeof setTimeout> | null = null;
  #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();
  readonly #retention: Retention;
  readonly #options: { intervalMs: number; report: (message: string) => void };

  constructor(retention: Retention, options: { intervalMs: number; report: (message: string) => void }) {
    this.#retention = retention;
    this.#options = options;
  }

  start(): void {
    this.#timer = setTimeout(() => void this.#sweep(), this.#options.intervalMs);
    this.#timer.unref();
  }

  /** Waits for the piece of work under way. */
  async stop(): Promise<void> {
    this.#stop.abort();
    if (this.#timer) clearTimeout(this.#timer);
    await this.#running;
  }

  async #sweep(): Promise<void> {
    const { signal } = this.#stop;
    const done = Promise.withResolvers<void>();
    this.#running = done.promise;
    try {
      await this.#retention.sweep({ signal });
    } catch (error) {
      if (!signal.aborted) this.#options.report(`The sweep of what is not needed any more failed: ${messageOf(error)}`);
    }
    done.resolve();
    if (!signal.aborted) this.start();
  }
}
