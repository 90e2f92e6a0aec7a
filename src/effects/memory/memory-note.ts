import { AppError } from "#core/errors.ts";
import { stringifyJson } from "#core/json.ts";
import { type Clock, isoTime } from "#core/time.ts";
import { type JsonObject, isObject } from "#core/value.ts";
import type { EffectContext, EffectHandler, Effected } from "#effects/effect-handler.ts";
import { assertScopeAt, textAt, whoseOf } from "#effects/memory/graph-payload.ts";
import { type SpanMemory, spanEffect, targetRun, toolAnswer } from "#effects/memory/span-payload.ts";
import { ownerOf } from "#memory/graph/owners.ts";
import { spanRecord, textsIn } from "#memory/spans/span.ts";

const previewChars = 160;

/** Keeps a note for the run, the session or everybody (contract flow-runtime 4.9). */
export function memoryNoteHandler(memory: SpanMemory, now: Clock): EffectHandler {
  return spanEffect("memory_note", (payload, context) => takeNote(memory, payload, context, isoTime(now())));
}

async function takeNote(
  memory: SpanMemory,
  payload: JsonObject,
  context: EffectContext,
  at: string,
): Promise<Effected> {
  const note = textAt(payload, "note") ?? textAt(payload, "content");
  if (note === null) throw new AppError("invalid_request", "note must be a text that is not empty");
  const { run } = context;
  const scope = assertScopeAt(payload);
  const runId = await targetRun(payload, context, memory.ledger);
  const owner = ownerOf(scope, { ...whoseOf(context, memory.globalId), runId });
  if (owner === null) throw new AppError("invalid_request", `scope '${scope}' needs a session`);
  const tags = textsIn(payload["tags"]);
  const location = textAt(payload, "location");
  const sources = isObject(payload["sources"]) ? payload["sources"] : null;
  const preview = note.slice(0, previewChars);
  const span = await memory.spans.create(
    { runtimeId: run.runtime_id, ownerId: owner, sessionId: scope === "run" ? null : run.session_id },
    {
      kind: "memory_note",
      content: {
        note,
        sources,
        created_at: at,
        ...(location === null ? {} : { location }),
        ...(run.actor_id === null ? {} : { actor_id: run.actor_id }),
        ...(run.session_id === null ? {} : { session_id: run.session_id }),
      },
      createdAt: at,
      fromTimestamp: at,
      toTimestamp: at,
      messageCount: 0,
      createdBy: run.actor_id,
      location,
      tags,
      more: { note_preview: preview, ...(sources === null ? {} : { sources }) },
    },
  );
  const kept = payload["keep_in_context"] === true && runId === run.run_id;
  return {
    outcome: toolAnswer("remember_note", payload, {
      output: `Stored memory_note span_id=${span.artifact_id} tags=${stringifyJson(tags)}`,
      meta: {
        span_id: span.artifact_id,
        created_at: at,
        note_preview: preview,
        ...(kept ? { kept_in_context: true } : {}),
      },
    }),
    artifacts: [span.row],
    writes: [
      ...(owner === run.run_id ? [{ path: ["_runtime", "memory_spans"], append: spanRecord(span) }] : []),
      ...(kept ? [{ path: ["context", "messages"], append: noteMessage(note, span.artifact_id, at) }] : []),
    ],
  };
}

function noteMessage(note: string, artifactId: string, at: string): JsonObject {
  const metadata = { kind: "memory_note", message_id: `memory_note:${artifactId}` };
  return { role: "system", content: `[MEMORY NOTE]\n${note}`, timestamp: at, metadata };
}
