import { AppError } from "#core/errors.ts";
import { stringifyJson } from "#core/json.ts";
import { type Clock, isoTime } from "#core/time.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import type { EffectContext, EffectHandler, Effected } from "#effects/effect-handler.ts";
import { textAt } from "#effects/memory/graph-payload.ts";
import { type SpanMemory, spanEffect, spanOwners, toolAnswer } from "#effects/memory/span-payload.ts";
import { type Span, spanRecord, textsIn } from "#memory/spans/span.ts";
import { retagged } from "#memory/spans/span-store.ts";

/** Adds tags to a span. An index counts in the order in which spans were written, from 1 (contract flow-runtime 4.9). */
export function memoryTagHandler(memory: SpanMemory, now: Clock): EffectHandler {
  return spanEffect("memory_tag", (payload, context) => tag(memory, payload, context, isoTime(now())));
}

async function tag(memory: SpanMemory, payload: JsonObject, context: EffectContext, at: string): Promise<Effected> {
  const wanted = textsIn(payload["tags"]);
  if (Object.keys(wanted).length === 0) throw new AppError("invalid_request", "tags must be an object of texts");
  const span = await spanAsked(memory, payload, context);
  const tags = payload["merge"] === false ? wanted : { ...span.tags, ...wanted };
  const { actor_id: actor, run_id: runId } = context.run;
  const tagged = retagged(span, tags, { tagged_at: at, ...(actor === null ? {} : { tagged_by: actor }) });
  return {
    outcome: toolAnswer("remember", payload, {
      output: `Tagged span_id=${span.artifact_id} tags=${stringifyJson(tags)}`,
      meta: { span_id: span.artifact_id, tags },
    }),
    artifacts: [tagged.row],
    ...(span.row.run_id === runId
      ? { writes: [{ path: ["_runtime", "memory_spans"], value: indexWith(context, tagged) }] }
      : {}),
  };
}

async function spanAsked(memory: SpanMemory, payload: JsonObject, context: EffectContext): Promise<Span> {
  const asked = typeof payload["span_id"] === "number" ? String(payload["span_id"]) : textAt(payload, "span_id");
  if (asked === null) throw new AppError("invalid_request", "span_id must be given");
  const { owners } = await spanOwners(payload, context, memory);
  const spans = await memory.spans.list(context.run.runtime_id, owners);
  const index = /^\d{1,6}$/.test(asked) ? Number(asked) : 0;
  const found =
    spans.find(({ artifact_id }) => artifact_id === asked) ?? (index > 0 ? spans.toReversed()[index - 1] : undefined);
  if (!found) throw new AppError("not_found", `Span '${asked.slice(0, 100)}' not found`);
  return found;
}

/** The run's own index, with the span as it is now. */
function indexWith({ vars }: EffectContext, span: Span): Value {
  const runtime = isObject(vars["_runtime"]) ? vars["_runtime"] : {};
  const index = Array.isArray(runtime["memory_spans"]) ? runtime["memory_spans"] : [];
  return index.map((each) => (isObject(each) && each["artifact_id"] === span.artifact_id ? spanRecord(span) : each));
}
