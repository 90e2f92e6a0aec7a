import type { Metrics } from "#app/telemetry/metrics.ts";
import { isTerminal } from "#core/run.ts";
import { isObject, numberOf } from "#core/value.ts";
import type { EffectHandler, Effected } from "#effects/effect-handler.ts";
import type { Batch, Committed, Ledger } from "#ledger/ledger.ts";

/** Commands whose application this process awaits; more than this are not measured. */
const maxAwaited = 10_000;

/** The same ledger, whose commits are counted and timed. */
export function measuredLedger<T extends Ledger>(ledger: T, metrics: Metrics): T {
  const accepted = new Map<number, number>();
  const commit = async (batch: Batch): Promise<Committed> => {
    const from = performance.now();
    const committed = await ledger.commit(batch);
    const to = performance.now();
    metrics.commit((to - from) / 1000);
    if (committed.duplicate === null) count(batch, metrics);
    for (const { seq, duplicate } of committed.commands) {
      if (!duplicate && accepted.size < maxAwaited) accepted.set(seq, from);
    }
    for (const { seq } of batch.outcomes ?? []) {
      const since = accepted.get(seq);
      if (since !== undefined) metrics.commandApplied((to - since) / 1000);
      accepted.delete(seq);
    }
    return committed;
  };
  return { ...ledger, commit };
}

function count(batch: Batch, metrics: Metrics): void {
  if (batch.starts?.length) metrics.runsStarted(batch.starts.length);
  for (const { progress, records, isNote } of batch.updates ?? []) {
    metrics.records(records.length);
    // A note about a run that has ended does not end it again.
    if (isTerminal(progress.status) && !isNote) metrics.runEnded(progress.status);
  }
}

/** The same handlers, timed by type and outcome; the tokens of model calls are counted. */
export function measuredHandlers(
  handlers: ReadonlyMap<string, EffectHandler>,
  metrics: Metrics,
): ReadonlyMap<string, EffectHandler> {
  const measured = [...handlers.values()].map((handler): EffectHandler => ({
    ...handler,
    async run(effect, context) {
      const from = performance.now();
      let outcome = "failed";
      try {
        const effected = await handler.run(effect, context);
        outcome = effected.outcome.status;
        countTokens(effected, metrics);
        return effected;
      } finally {
        metrics.effect(handler.type, outcome, (performance.now() - from) / 1000);
      }
    },
  }));
  return new Map(measured.map((handler) => [handler.type, handler]));
}

function countTokens({ outcome }: Effected, metrics: Metrics): void {
  const result = outcome.status === "completed" && isObject(outcome.result) ? outcome.result : null;
  const { usage, provider, model } = result ?? {};
  if (!isObject(usage) || typeof provider !== "string" || typeof model !== "string") return;
  for (const kind of ["input", "output"] as const) {
    const tokens = numberOf(usage[`${kind}_tokens`]);
    if (tokens !== null && tokens > 0) metrics.tokens(provider, model, kind, tokens);
  }
}
