import type { StepRecord } from "#core/record.ts";
import type { GatewayClient } from "#sdk/client.ts";
import type { Delta } from "#sdk/follow.ts";
import { childOf, waitOf } from "#sdk/record-text.ts";
import type { Turn } from "#clients/bridge/bridge-state.ts";

export interface TurnEvents {
  /** One record after the other, each once it was dealt with; the cursor counts it when this resolves. */
  record(runId: string, record: StepRecord): Promise<void>;
  delta(delta: Delta): void;
  /** Somebody is asked something. */
  waits(): void;
}

/**
 * Follows the run of a turn and its children from where the turn's cursors stand until the run has ended. Throws what the sdk throws; the
 * cursors stand where the records were dealt with, so that another call goes on.
 */
export async function followTurn(
  sdk: GatewayClient,
  turn: Turn & { runId: string },
  { events, save, signal }: { events: TurnEvents; save: () => Promise<void>; signal: AbortSignal },
): Promise<void> {
  const ended = new AbortController();
  const stop = AbortSignal.any([signal, ended.signal]);
  const children = new Map<string, Promise<void>>();
  const failed = Promise.withResolvers<never>();
  let order: Promise<void> = Promise.resolve();

  const follow = async (runId: string): Promise<void> => {
    const after = turn.cursors[runId] ?? 0;
    for await (const { cursor, record } of sdk.follow(runId, { after, signal: stop, onDelta: events.delta })) {
      // Children speak in between, never at the same time.
      order = order.then(async () => {
        await events.record(runId, record);
        turn.cursors[runId] = cursor;
        const child = childOf(record);
        if (child !== null) adopt(child);
        if (child !== null || isTold(record)) await save();
      });
      await order;
      if (waitOf(record)?.reason === "user") events.waits();
    }
  };
  const adopt = (runId: string): void => {
    turn.cursors[runId] ??= 0;
    if (children.has(runId)) return;
    children.set(runId, follow(runId).catch(failed.reject));
  };
  failed.promise.catch(() => undefined);
  try {
    for (const runId of Object.keys(turn.cursors)) if (runId !== turn.runId) adopt(runId);
    await Promise.race([follow(turn.runId), failed.promise]);
    signal.throwIfAborted();
  } finally {
    ended.abort();
    await Promise.allSettled(children.values());
  }
}

/** Whether a restart must not see the record again. */
function isTold(record: StepRecord): boolean {
  return record.effect?.type === "answer_user" && record.status === "completed";
}
