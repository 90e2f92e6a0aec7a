import { AppError } from "#core/errors.ts";
import type { Clock } from "#core/time.ts";
import type { JsonObject } from "#core/value.ts";
import type { EffectContext, EffectHandler, Effected } from "#effects/effect-handler.ts";
import { numberAt, ownersAt, queryScopeAt, textAt, whoseOf } from "#effects/memory/graph-payload.ts";
import type { GraphMemory } from "#memory/graph/graph-memory.ts";
import { type RecallLevel, budgets, readRecallLevel } from "#memory/graph/recall-level.ts";
import { type Resolution, resolveLabel } from "#memory/graph/resolve.ts";

const candidates: Record<RecallLevel, number> = { urgent: 3, standard: 5, deep: 10 };
const mostCandidates = 50;

/** Things of the graph that a label may mean. */
export function kgResolveHandler(memory: GraphMemory, now: Clock): EffectHandler {
  return {
    type: "memory_kg_resolve",
    world: true,
    onInterrupted: "retry",
    retry: { attempts: 1, baseMs: 0, maxMs: 0 },
    async run({ payload }, context): Promise<Effected> {
      try {
        return { outcome: { status: "completed", result: await resolve(memory, payload, context, now()) } };
      } catch (error) {
        if (!(error instanceof AppError) || context.signal.aborted) throw error;
        return {
          outcome: { status: "completed", result: { ok: false, count: 0, candidates: [], error: error.message } },
        };
      }
    },
  };
}

async function resolve(
  memory: GraphMemory,
  payload: JsonObject,
  context: EffectContext,
  nowMs: number,
): Promise<JsonObject> {
  const label = textAt(payload, "label");
  if (label === null) throw new AppError("invalid_request", "label must be a text that is not empty");
  const level = readRecallLevel(payload["recall_level"]);
  const expectedType = textAt(payload, "expected_type");
  const wanted = numberAt(payload, "max_candidates") ?? candidates[level ?? "standard"];
  const { candidates: found, warnings } = await resolveLabel(
    memory.knowledge,
    {
      label,
      expectedType,
      filter: {
        runtimeId: context.run.runtime_id,
        owners: ownersAt(payload, queryScopeAt(payload), whoseOf(context, memory.globalId)),
      },
      maxCandidates: Math.max(1, Math.min(mostCandidates, Math.floor(wanted))),
      minScore: numberAt(payload, "min_score") ?? (level && budgets[level].minScore.preset),
      semantic: semanticOf(payload, level),
    },
    { nowMs, signal: context.signal },
  );
  return {
    ok: true,
    count: found.length,
    candidates: found,
    raw: { label, expected_type: expectedType },
    ...(warnings.length > 0 ? { warnings } : {}),
  };
}

function semanticOf({ include_semantic: wish }: JsonObject, level: RecallLevel | null): Resolution["semantic"] {
  if (typeof wish === "boolean") return wish ? "always" : "never";
  if (level === "urgent") return "never";
  return level === "deep" ? "always" : "fallback";
}
