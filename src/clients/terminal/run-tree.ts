import { SdkError } from "#sdk/sdk-error.ts";
import type { GatewayClient } from "#sdk/client.ts";
import type { Delta } from "#sdk/follow.ts";
import { childOf } from "#sdk/record-text.ts";
import type { LedgerEntry } from "#sdk/wire.ts";

export interface TreeListener {
  /** Each record of a run once, in its order. `depth` is 0 for the run itself, 1 for its children. */
  onEntry(entry: LedgerEntry, run: { runId: string; depth: number }): void;
  onDelta?(delta: Delta): void;
  /** The connection of one run was lost: what came without a cursor may be incomplete. */
  onLost?(runId: string): void;
  onConnect?(runId: string): void;
  /** The run is over, and everything was told. */
  onEnd?(runId: string): void;
  /** The gateway says no: an unknown run, a token that does not count any more. */
  onFailure(error: unknown): void;
}

interface TreeOptions {
  listener: TreeListener;
  signal: AbortSignal;
  /** Children are followed too, since their questions and their text are the run's. */
  withChildren: boolean;
}

const longestPauseMs = 5000;

/** Follows a run, and what it waits for, until it has ended or the signal comes. A gateway that is away is waited for. */
export class RunTree {
  readonly #client: GatewayClient;
  readonly #options: TreeOptions;
  readonly #followed = new Set<string>();

  constructor(client: GatewayClient, options: TreeOptions) {
    this.#client = client;
    this.#options = options;
  }

  follow(runId: string, depth = 0): void {
    if (this.#followed.has(runId)) return;
    this.#followed.add(runId);
    void this.#run(runId, depth);
  }

  async #run(runId: string, depth: number): Promise<void> {
    const { listener, signal } = this.#options;
    let cursor = 0;
    for (let pauseMs = 250; !signal.aborted; pauseMs = Math.min(longestPauseMs, pauseMs * 2)) {
      try {
        const follow = {
          after: cursor,
          signal,
          onConnect: () => listener.onConnect?.(runId),
          onDisconnect: () => listener.onLost?.(runId),
          ...(listener.onDelta ? { onDelta: (delta: Delta) => listener.onDelta?.(delta) } : {}),
        };
        for await (const entry of this.#client.follow(runId, follow)) {
          cursor = entry.cursor;
          this.#take(entry, runId, depth);
        }
        if (!signal.aborted) listener.onEnd?.(runId);
        return;
      } catch (error) {
        if (!(error instanceof SdkError && error.retryable)) return listener.onFailure(error);
        listener.onLost?.(runId);
        await Bun.sleep(pauseMs);
      }
    }
  }

  #take(entry: LedgerEntry, runId: string, depth: number): void {
    this.#options.listener.onEntry(entry, { runId, depth });
    const child = this.#options.withChildren ? childOf(entry.record) : null;
    if (child !== null) this.follow(child, depth + 1);
  }
}
