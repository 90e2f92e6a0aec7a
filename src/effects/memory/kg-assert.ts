import { AppError } from "#core/errors.ts";
import { type Clock, isoTime } from "#core/time.ts";
import { type JsonObject, isObject } from "#core/value.ts";
import type { EffectContext, EffectHandler, Effected } from "#effects/effect-handler.ts";
import { assertScopeAt, textAt, whoseOf } from "#effects/memory/graph-payload.ts";
import type { GraphMemory } from "#memory/graph/graph-memory.ts";
import { readAssertions, withoutKnown } from "#memory/graph/new-assertions.ts";
import { ownerOf } from "#memory/graph/owners.ts";

/**
 * Writes assertions: they are entries of the memory log, in the same commit as the step's record. Until then nothing has happened, so an
 * interrupted call is simply made again. Its `started` record commits everything before it, so that duplicates of this very run are seen.
 */
export function kgAssertHandler(memory: GraphMemory, now: Clock): EffectHandler {
  return {
    type: "memory_kg_assert",
    world: true,
    onInterrupted: "retry",
    retry: { attempts: 1, baseMs: 0, maxMs: 0 },
    async run({ payload }, context): Promise<Effected> {
      try {
        return await assertAll(memory, payload, context, isoTime(now()));
      } catch (error) {
        if (error instanceof AppError)
          return { outcome: { status: "failed", error: `memory_kg_assert: ${error.message}` } };
        throw error;
      }
    },
  };
}

async function assertAll(
  memory: GraphMemory,
  payload: JsonObject,
  context: EffectContext,
  at: string,
): Promise<Effected> {
  const triples = payload["assertions"] ?? payload["triples"] ?? payload["items"];
  if (!Array.isArray(triples)) throw new AppError("invalid_request", "assertions must be a list");
  if (triples.length === 0) {
    return completed({ ok: true, count: 0, assertion_ids: [], skipped: true });
  }
  const { run } = context;
  const whose = whoseOf(context, memory.globalId);
  const defaults = payload["attributes_defaults"];
  const assertions = readAssertions(
    {
      triples,
      scope: assertScopeAt(payload),
      ownerOf: (scope) => ownerOf(scope, whose),
      ownerId: textAt(payload, "owner_id"),
      attributes: isObject(defaults) ? defaults : {},
      provenance: provenanceOf(payload, context),
      allowsCustomPredicates: payload["allow_custom_predicates"] === true,
      observedAt: at,
      newId: memory.newId,
    },
    memory.readPredicate,
  );
  const { fresh, skipped } =
    payload["dedupe"] === false
      ? { fresh: assertions, skipped: 0 }
      : await withoutKnown(memory.knowledge, run.runtime_id, assertions);
  const result: JsonObject = {
    ok: true,
    count: fresh.length,
    assertion_ids: fresh.map(({ assertion_id }) => assertion_id),
    count_attempted: assertions.length,
    skipped_duplicates: skipped,
  };
  if (fresh.length === 0) return completed(result);
  return { ...completed(result), memory: [{ runtime_id: run.runtime_id, at, kind: "assert", assertions: fresh }] };
}

function provenanceOf(payload: JsonObject, { run, node_id, step_id }: EffectContext): JsonObject {
  const span = textAt(payload, "span_id");
  return {
    ...(span === null ? {} : { span_id: span }),
    writer_run_id: run.run_id,
    writer_workflow_id: run.workflow_id,
    writer_node_id: node_id,
    writer_step_id: step_id,
  };
}

function completed(result: JsonObject): Effected {
  return { outcome: { status: "completed", result } };
}
