import type { GatewayClient } from "#sdk/client.ts";
import type { RunSummary } from "#sdk/wire.ts";

export interface SteeredAll {
  done: number;
  /** What was refused, in the gateway's words. */
  refused: string[];
}

/**
 * Pauses whatever lives and is not paused, or lets all go on that is. Children follow their roots. What a gateway ignores does not count: a run
 * that ended meanwhile, or one that asks a person, whose question stays open.
 */
export async function steerAll(client: GatewayClient, type: "pause" | "resume"): Promise<SteeredAll> {
  const lists = await Promise.all(
    (["running", "waiting"] as const).map((status) => client.list({ status, root_only: true, limit: 500 })),
  );
  const concerned = lists.flat().filter(({ paused }) => paused === (type === "resume"));
  const outcomes = await Promise.all(concerned.map((run) => steer(client, run, type)));
  const refused = outcomes.flatMap(({ refusal }) => (refusal === null ? [] : [refusal]));
  return { done: outcomes.filter(({ isDone }) => isDone).length, refused };
}

interface Steered {
  isDone: boolean;
  refusal: string | null;
}

async function steer(client: GatewayClient, { run_id }: RunSummary, type: "pause" | "resume"): Promise<Steered> {
  const payload = type === "pause" ? { reason: "All were paused" } : {};
  const { command_id } = await client.command({ run_id, type, payload });
  const { outcome } = await client.outcome(command_id);
  const refusal = outcome?.status === "refused" ? `${run_id}: ${outcome.message}` : null;
  // Without a runner at work it is kept, and done when there is one.
  return { isDone: outcome === null || outcome.status === "applied", refusal };
}
