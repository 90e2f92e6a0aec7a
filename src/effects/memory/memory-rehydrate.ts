import { AppError } from "#core/errors.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import type { EffectContext, EffectHandler, Effected } from "#effects/effect-handler.ts";
import { numberAt, textAt } from "#effects/memory/graph-payload.ts";
import { conversationOf } from "#effects/memory/memory-compact.ts";
import { type SpanMemory, spanEffect, textsAt } from "#effects/memory/span-payload.ts";
import { Effort, readRecallLevel } from "#memory/graph/recall-level.ts";
import { messagesOf, summaryOf } from "#memory/spans/recall.ts";
import { type Span, textIn } from "#memory/spans/span.ts";

const placements = ["after_summary", "after_system", "end"] as const;
type Placement = (typeof placements)[number];
const previewChars = 160;

/** Puts archived messages and notes back into the conversation that the model sees (contract flow-runtime 4.9). */
export function memoryRehydrateHandler(memory: SpanMemory): EffectHandler {
  return spanEffect("memory_rehydrate", (payload, context) => rehydrate(memory, payload, context));
}

async function rehydrate(memory: SpanMemory, payload: JsonObject, context: EffectContext): Promise<Effected> {
  const effort = new Effort(readRecallLevel(payload["recall_level"]));
  const placement = placementAt(payload);
  const most = effort.within("max_messages", numberAt(payload, "max_messages"), effort.budget?.rehydratedMessages, -1);
  const present = conversationOf(context);
  const known = new Set(present.map(idOf).filter((id) => id !== null));
  const inserted: JsonObject[] = [];
  const artifacts: JsonObject[] = [];
  let skipped = 0;
  for (const id of textsAt(payload, "span_ids", "span_id")) {
    const span = await memory.spans.find(context.run.runtime_id, id);
    const report: JsonObject = {
      span_id: id,
      inserted: 0,
      skipped: 0,
      error: span ? null : "not found",
      kind: span?.kind ?? null,
      preview: null,
    };
    artifacts.push(report);
    if (!span) continue;
    const content = await memory.spans.read(span);
    if (!content) {
      report["error"] = "its content is missing";
      continue;
    }
    report["preview"] = summaryOf(span, content).slice(0, previewChars);
    for (const message of messagesIn(span, content)) {
      const own = idOf(message);
      const isFull = most >= 0 && inserted.length >= most;
      if (isFull || (own !== null && known.has(own))) {
        report["skipped"] = Number(report["skipped"]) + 1;
        skipped++;
        continue;
      }
      if (own !== null) known.add(own);
      inserted.push(rehydrated(message, span));
      report["inserted"] = Number(report["inserted"]) + 1;
    }
  }
  const shown = effort.toJson();
  const result: JsonObject = {
    inserted: inserted.length,
    skipped,
    artifacts,
    ...(shown ? { effort: shown } : {}),
    ...(effort.warnings.length > 0 ? { warnings: effort.warnings } : {}),
  };
  const messages: Value = placed(present, inserted, placement);
  return {
    outcome: { status: "completed", result },
    ...(inserted.length > 0 ? { writes: [{ path: ["context", "messages"], value: messages }] } : {}),
  };
}

function placementAt(payload: JsonObject): Placement {
  const written = textAt(payload, "placement");
  if (written === null) return "after_summary";
  const placement = placements.find((each) => each === written);
  if (!placement) throw new AppError("invalid_request", `placement must be one of ${placements.join(", ")}`);
  return placement;
}

function messagesIn(span: Span, content: JsonObject): JsonObject[] {
  if (span.kind === "conversation_span") return messagesOf(content);
  const metadata = { kind: "memory_note", message_id: `memory_note:${span.artifact_id}` };
  return [
    {
      role: "system",
      content: `[MEMORY NOTE]\n${textIn(content, "note") ?? ""}`,
      timestamp: span.created_at,
      metadata,
    },
  ];
}

function rehydrated(message: JsonObject, span: Span): JsonObject {
  const metadata = isObject(message["metadata"]) ? message["metadata"] : {};
  return { ...message, metadata: { ...metadata, rehydrated: true, source_artifact_id: span.artifact_id } };
}

function idOf({ metadata }: JsonObject): string | null {
  const id = isObject(metadata) ? metadata["message_id"] : null;
  return typeof id === "string" ? id : null;
}

function placed(present: JsonObject[], inserted: JsonObject[], placement: Placement): JsonObject[] {
  const lastSummary = present.findLastIndex(
    ({ metadata }) => isObject(metadata) && metadata["kind"] === "memory_summary",
  );
  const firstTurn = present.findIndex(({ role }) => role !== "system");
  const afterSystem = firstTurn < 0 ? present.length : firstTurn;
  const at =
    placement === "end"
      ? present.length
      : placement === "after_summary" && lastSummary >= 0
        ? lastSummary + 1
        : afterSystem;
  return [...present.slice(0, at), ...inserted, ...present.slice(at)];
}
