import { AppError, messageOf } from "#core/errors.ts";
import type { Clock } from "#core/time.ts";
import type { JsonObject } from "#core/value.ts";
import type { EffectContext, EffectHandler, Effected } from "#effects/effect-handler.ts";
import { numberAt, ownersAt, queryScopeAt, textAt, triplesAt, whoseOf } from "#effects/memory/graph-payload.ts";
import type { GraphMemory } from "#memory/graph/graph-memory.ts";
import { packAssertions } from "#memory/graph/packets.ts";
import { Effort, readRecallLevel } from "#memory/graph/recall-level.ts";
import { type Ranking, queryKnowledge, rankings, toItem } from "#memory/query.ts";

const mostAssertions = 10_000;
const presetAssertions = 100;

/** Asks the graph. What the store cannot answer is an answer with `ok: false`; only a wrong recall level fails the run (contract 6.4). */
export function kgQueryHandler(memory: GraphMemory, now: Clock): EffectHandler {
  return {
    type: "memory_kg_query",
    world: true,
    onInterrupted: "retry",
    retry: { attempts: 1, baseMs: 0, maxMs: 0 },
    async run({ payload }, context): Promise<Effected> {
      let effort: Effort;
      try {
        effort = new Effort(readRecallLevel(payload["recall_level"]));
      } catch (error) {
        return { outcome: { status: "failed", error: `memory_kg_query: ${messageOf(error)}` } };
      }
      try {
        return {
          outcome: { status: "completed", result: await ask(memory, { payload, effort, context, nowMs: now() }) },
        };
      } catch (error) {
        if (!(error instanceof AppError) || context.signal.aborted) throw error;
        return { outcome: { status: "completed", result: { ok: false, count: 0, items: [], error: error.message } } };
      }
    },
  };
}

interface Asked {
  payload: JsonObject;
  effort: Effort;
  context: EffectContext;
  nowMs: number;
}

async function ask(memory: GraphMemory, { payload, effort, context, nowMs }: Asked): Promise<JsonObject> {
  const scope = queryScopeAt(payload);
  const text = textAt(payload, "query_text");
  const { budget } = effort;
  const limit = effort.within("limit", numberAt(payload, "limit"), budget?.assertions, presetAssertions);
  const minScore = numberAt(payload, "min_score");
  const score = budget ? effort.within("min_score", minScore, budget.minScore, 0) : minScore;
  const answer = await queryKnowledge(
    memory.knowledge,
    {
      filter: {
        ...triplesAt(payload),
        runtimeId: context.run.runtime_id,
        owners: ownersAt(payload, scope, whoseOf(context, memory.globalId)),
      },
      text,
      ranking: rankingAt(payload),
      minScore: text === null ? null : score,
      limit: limit > 0 ? Math.min(limit, mostAssertions) : mostAssertions,
      order: payload["order"] === "asc" ? "asc" : "desc",
    },
    { nowMs, signal: context.signal },
  );
  const budgetTokens = tokensAt(payload, effort);
  const result: JsonObject = { ok: true, count: answer.items.length, items: answer.items.map(toItem) };
  const shown = effort.toJson();
  if (shown) result["effort"] = shown;
  const warnings = [...answer.warnings, ...effort.warnings];
  if (warnings.length > 0) result["warnings"] = warnings;
  if (budgetTokens <= 0) return result;
  const packed = packAssertions(answer.items, { scope, budgetTokens, isRanked: text !== null });
  return {
    ...result,
    packets_version: 0,
    packets: packed.packets,
    packed_count: packed.packets.length,
    active_memory_text: packed.text,
    estimated_tokens: packed.estimatedTokens,
    dropped: packed.dropped,
  };
}

function rankingAt(payload: JsonObject): Ranking {
  const written = textAt(payload, "ranking");
  if (written === null) return "semantic";
  const ranking = rankings.find((each) => each === written);
  if (!ranking) throw new AppError("invalid_request", `ranking must be one of ${rankings.join(", ")}`);
  return ranking;
}

/** An explicit 0 asks for no packing, whatever the recall level. */
function tokensAt(payload: JsonObject, effort: Effort): number {
  const wish = numberAt(payload, "max_input_tokens") ?? numberAt(payload, "max_in_tokens");
  if (wish !== null && wish <= 0) return 0;
  return effort.within("max_input_tokens", wish, effort.budget?.tokens, 0);
}
