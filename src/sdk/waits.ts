import type { GatewayClient } from "#sdk/client.ts";
import { childOf } from "#sdk/record-text.ts";
import { type Question, openQuestion } from "#sdk/question.ts";
import type { RunSummary } from "#sdk/wire.ts";

/** Where a run came to: its end, or a question to a person, which may be one of its child runs'. */
export interface Settled {
  run: RunSummary;
  question: Question | null;
}

/**
 * Waits until a run has ended, or it or a run that it waits for asks somebody. Lives on the ledger's stream, not on polling. Rejects with
 * the signal's reason when it aborts, with SdkError when the gateway refuses.
 */
export async function settled(
  client: Pick<GatewayClient, "get" | "follow">,
  runId: string,
  { signal }: { signal?: AbortSignal } = {},
): Promise<Settled> {
  for (let after = 0; ;) {
    const now = await standing(client, runId);
    if (now) return now;
    for await (const { cursor, record } of client.follow(runId, { after, ...(signal ? { signal } : {}) })) {
      after = cursor;
      if (record.status !== "waiting") continue;
      const child = childOf(record);
      const asked =
        child === null ? await standing(client, runId) : await settled(client, child, signal ? { signal } : {});
      if (asked?.question)
        return { run: child === null ? asked.run : await client.get(runId), question: asked.question };
    }
    signal?.throwIfAborted();
  }
}

async function standing(client: Pick<GatewayClient, "get">, runId: string): Promise<Settled | null> {
  const run = await client.get(runId);
  const question = openQuestion(run);
  const isOver = ["completed", "failed", "cancelled"].includes(run.status);
  return isOver || question ? { run, question } : null;
}
