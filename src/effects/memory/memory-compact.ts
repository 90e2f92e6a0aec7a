import { AppError } from "#core/errors.ts";
import { type Clock, isoTime } from "#core/time.ts";
import { type JsonObject, isObject } from "#core/value.ts";
import type { EffectContext, EffectHandler, Effected } from "#effects/effect-handler.ts";
import { numberAt, textAt } from "#effects/memory/graph-payload.ts";
import { type SpanMemory, spanEffect, toolAnswer } from "#effects/memory/span-payload.ts";
import { type Summarised, summarise } from "#effects/memory/summarise.ts";
import {
  type CompressionMode,
  compressionModes,
  messageIdOf,
  splitConversation,
  summaryMessage,
} from "#memory/spans/compaction.ts";
import { type Span, spanRecord, textIn, textsIn } from "#memory/spans/span.ts";
import type { ProviderRegistry } from "#models/provider.ts";

export interface CompactDependencies extends SpanMemory {
  providers: (runtimeId: string) => ProviderRegistry;
  newId: () => string;
}

const presetRecent = 6;

/**
 * Archives the older part of the run's conversation as an artifact and puts a summary in its place: only the model's view shrinks
 * (contract flow-runtime 4.9). Used by the node, and by the command in any run.
 */
export function memoryCompactHandler(deps: CompactDependencies, now: Clock): EffectHandler {
  return spanEffect("memory_compact", (payload, context) => compact(deps, payload, context, isoTime(now())));
}

interface Wish {
  preserveRecent: number;
  mode: CompressionMode;
  focus: string | null;
}

async function compact(
  deps: CompactDependencies,
  payload: JsonObject,
  context: EffectContext,
  at: string,
): Promise<Effected> {
  // Taken before the first wait: the run may go on while a command compacts it.
  const messages = conversationOf(context).slice();
  const wish = readWish(payload, context);
  const { system, older, recent } = splitConversation(messages, wish.preserveRecent);
  if (older.length === 0) {
    return {
      outcome: toolAnswer("compact_memory", payload, { output: "Nothing to compact: the conversation is short." }),
    };
  }
  const said = await summarise(deps.providers(context.run.runtime_id), older, { ...wish, payload, context });
  const messageId = deps.newId();
  const span = await archive(deps, { older, context, at, wish, said, messageId, tags: textsIn(payload["tags"]) });
  const facts = { id: span.artifact_id, from: span.from_timestamp, to: span.to_timestamp, count: older.length };
  const summary = summaryMessage(facts, { summary: said.summary, messageId, at });
  return {
    outcome: toolAnswer("compact_memory", payload, {
      output: `Compacted ${older.length} messages into span_id=${span.artifact_id}: ${said.summary}`,
      meta: {
        llm_run_id: null,
        span_id: span.artifact_id,
        summary_message_id: messageId,
        preserve_recent: wish.preserveRecent,
        compression_mode: wish.mode,
        focus: wish.focus,
        key_points: said.keyPoints,
        confidence: said.confidence,
        provider: said.provider,
        model: said.model,
        usage: said.usage,
      },
    }),
    artifacts: [span.row],
    writes: [
      {
        path: ["context", "messages"],
        begin: { count: messages.length, last: messages.at(-1) ?? null, items: [...system, summary, ...recent] },
      },
      { path: ["_runtime", "memory_spans"], append: spanRecord(span) },
    ],
  };
}

function readWish(payload: JsonObject, { run }: EffectContext): Wish {
  const target = textAt(payload, "target_run_id");
  if (target !== null && target !== run.run_id) {
    throw new AppError(
      "invalid_request",
      "target_run_id: a run compacts its own conversation; send the command compact_memory to the other",
    );
  }
  const recent = numberAt(payload, "preserve_recent");
  if (recent !== null && recent < 0) throw new AppError("invalid_request", "preserve_recent must not be negative");
  const written = textAt(payload, "compression_mode");
  const mode = compressionModes.find((each) => each === (written ?? "standard"));
  if (!mode) throw new AppError("invalid_request", `compression_mode must be one of ${compressionModes.join(", ")}`);
  return { preserveRecent: Math.floor(recent ?? 0) || presetRecent, mode, focus: textAt(payload, "focus") };
}

function archive(
  deps: CompactDependencies,
  {
    older,
    context: { run },
    at,
    wish,
    said,
    messageId,
    tags,
  }: {
    older: JsonObject[];
    context: EffectContext;
    at: string;
    wish: Wish;
    said: Summarised;
    messageId: string;
    tags: Record<string, string>;
  },
): Promise<Span> {
  const [first, last] = [older[0], older.at(-1)];
  const timeOf = (message: JsonObject | undefined) => (message ? textIn(message, "timestamp") : null);
  const span: JsonObject = {
    from_message_id: messageIdOf(first),
    to_message_id: messageIdOf(last),
    message_count: older.length,
  };
  return deps.spans.create(
    { runtimeId: run.runtime_id, ownerId: run.run_id, sessionId: run.session_id },
    {
      kind: "conversation_span",
      content: { messages: older, span, created_at: at },
      createdAt: at,
      fromTimestamp: timeOf(first) ?? at,
      toTimestamp: timeOf(last) ?? at,
      messageCount: older.length,
      createdBy: run.actor_id,
      location: null,
      tags,
      more: {
        summary_message_id: messageId,
        summary: said.summary,
        from_message_id: messageIdOf(first),
        to_message_id: messageIdOf(last),
        compression_mode: wish.mode,
        focus: wish.focus,
      },
    },
  );
}

/** The conversation of a run: what its nodes with context see. */
export function conversationOf({ vars }: Pick<EffectContext, "vars">): JsonObject[] {
  const conversation = isObject(vars["context"]) ? vars["context"]["messages"] : null;
  return Array.isArray(conversation) ? conversation.filter(isObject) : [];
}
