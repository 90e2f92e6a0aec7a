import type { Effect } from "#core/effect.ts";
import { messageOf } from "#core/errors.ts";
import { stringifyJson } from "#core/json.ts";
import { isWebhookWorkflow } from "#core/webhook.ts";
import type { EffectContext, EffectHandler, Effected, ToolCallDone } from "#effects/effect-handler.ts";
import { modelAttributes, modelContent } from "#app/telemetry/traces/gen-ai.ts";
import { type Span, type SpanSink, known, shortError } from "#app/telemetry/traces/span.ts";
import { placeOfRun, spanIdOf } from "#app/telemetry/traces/trace-ids.ts";

export interface EffectSpanOptions {
  sink: SpanSink;
  now: () => number;
  /** Whether prompts, answers, arguments and results are in the spans. */
  hasContent: boolean;
}

/** The same handlers; each effect that leaves the process becomes a span of its run, each tool call one below it. */
export function tracedHandlers(
  handlers: ReadonlyMap<string, EffectHandler>,
  options: EffectSpanOptions,
): ReadonlyMap<string, EffectHandler> {
  return new Map([...handlers].map(([type, handler]) => [type, handler.world ? traced(handler, options) : handler]));
}

function traced(handler: EffectHandler, options: EffectSpanOptions): EffectHandler {
  return {
    ...handler,
    async run(effect, context) {
      if (isWebhookWorkflow(context.run.workflow_id)) return handler.run(effect, context);
      const { sink, now } = options;
      const startMs = now();
      // A step that asked for consent goes on as the same attempt later: the time tells the two apart.
      const spanId = spanIdOf(`${context.step_id}/${context.attempt}/${startMs}`);
      const asked = { effect, context, startMs, spanId };
      const onToolCall = (done: ToolCallDone) => sink.emit(toolSpan(done, asked, options));
      const emit = (done: Done) => {
        // The process stops: nothing came of it, and the next one asks again.
        if (context.signal.reason !== "shutdown") sink.emit(effectSpan(asked, done, options));
      };
      try {
        const effected = await handler.run(effect, { ...context, onToolCall });
        emit({ endMs: now(), effected, error: null });
        return effected;
      } catch (error) {
        emit({ endMs: now(), effected: null, error: messageOf(error) });
        throw error;
      }
    },
  };
}

interface Asked {
  effect: Effect;
  context: EffectContext;
  startMs: number;
  spanId: string;
}

interface Done {
  endMs: number;
  effected: Effected | null;
  error: string | null;
}

function effectSpan({ effect, context, startMs, spanId }: Asked, done: Done, { hasContent }: EffectSpanOptions): Span {
  const outcome = done.effected?.outcome ?? null;
  const isModel = effect.type === "llm_call";
  const error = done.error ?? (outcome?.status === "failed" ? outcome.error : null);
  const ofModel = isModel ? modelAttributes(effect.payload, outcome) : {};
  const model = ofModel["gen_ai.request.model"];
  return {
    ...placeOfEffect(context),
    spanId,
    name: isModel ? ["chat", model].join(" ").trim() : effect.type,
    kind: isModel ? "client" : "internal",
    startMs,
    endMs: done.endMs,
    attributes: {
      ...common(context),
      "abstractgateway.effect.type": effect.type,
      ...ofModel,
      ...(isModel && hasContent ? modelContent(effect.payload, outcome) : {}),
      ...(error === null ? {} : { "error.type": "_OTHER" }),
    },
    error: shortError(error),
  };
}

function toolSpan(done: ToolCallDone, { context, spanId }: Asked, { hasContent }: EffectSpanOptions): Span {
  const content = hasContent
    ? {
        "gen_ai.tool.call.arguments": stringifyJson(done.args),
        "gen_ai.tool.call.result": stringifyJson(done.output),
      }
    : {};
  return {
    ...placeOfEffect(context),
    parentId: spanId,
    spanId: spanIdOf(`${spanId}/${done.runtimeCallId}`),
    name: `execute_tool ${done.name}`,
    kind: "internal",
    startMs: done.startMs,
    endMs: done.endMs,
    attributes: {
      ...common(context),
      ...known({
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": done.name,
        "gen_ai.tool.type": "function",
        "gen_ai.tool.call.id": done.callId,
      }),
      ...content,
      ...(done.error === null ? {} : { "error.type": "_OTHER" }),
    },
    error: done.error === null ? null : hasContent ? shortError(done.error) : "The tool failed",
  };
}

function placeOfEffect({ run, vars }: EffectContext) {
  return { ...placeOfRun(run, vars), parentId: spanIdOf(run.run_id) };
}

function common({ run, node_id, step_id, attempt }: EffectContext) {
  return known({
    "abstractgateway.run.id": run.run_id,
    "abstractgateway.run.root_id": run.root_run_id,
    "abstractgateway.workflow.id": run.workflow_id,
    "abstractgateway.node.id": node_id,
    "abstractgateway.step.id": step_id,
    "abstractgateway.step.attempt": attempt,
    "session.id": run.session_id,
    "gen_ai.conversation.id": run.session_id,
  });
}
