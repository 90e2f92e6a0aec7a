import type { Effect } from "#core/effect.ts";
import { type Clock, isoTime } from "#core/time.ts";
import { type JsonObject, type Value, isObject, numberOf } from "#core/value.ts";
import type { EffectContext, EffectHandler, Effected } from "#effects/effect-handler.ts";
import { bindingIn, withBoundBloc } from "#effects/bound-bloc.ts";
import { failedCall } from "#effects/failed-call.ts";
import { readRequest } from "#effects/llm-request.ts";
import { chooseRoute } from "#effects/model-route.ts";
import { addMedia, pendingMedia } from "#effects/media/call-media.ts";
import { type MediaDependencies, makeMedia } from "#effects/media/make-media.ts";
import { isMediaCall } from "#effects/media/media-call.ts";
import type { Attached } from "#effects/media/attach.ts";
import { type Structured, generateStructured } from "#effects/structured-answer.ts";
import type { BlocStore } from "#models/blocs/bloc-store.ts";
import { type Prices, priceOf } from "#models/prices.ts";
import type { CacheUse } from "#models/prompt-cache.ts";
import type { GenerateRequest, GenerateResult, Provider } from "#models/provider.ts";

export interface LlmCallDependencies extends MediaDependencies {
  /** For providers that do not say what a call cost. */
  prices: Prices;
  blocs: BlocStore;
}

/** A film takes minutes: models that answer must not wait for it. */
const maxMediaCalls = 32;

/** One call of a language model. Asked again after a crash: a model call changes nothing outside. */
export function llmCallHandler(deps: LlmCallDependencies): EffectHandler {
  return {
    type: "llm_call",
    world: true,
    onInterrupted: "retry",
    retry: { attempts: 3, baseMs: 1000, maxMs: 30_000 },
    slotsOf: ({ payload }) => (isMediaCall(payload) ? { name: "media", count: maxMediaCalls } : null),
    run: (effect, context) => call(deps, effect, context),
  };
}

async function call(deps: LlmCallDependencies, effect: Effect, context: EffectContext): Promise<Effected> {
  if (isMediaCall(effect.payload)) return makeMedia(deps, effect, context);
  const { prices, now } = deps;
  const providers = deps.providers(context.run.runtime_id);
  const read = readRequest(effect.payload);
  if ("error" in read) return failed(read.error);
  try {
    const route = await chooseRoute(providers, effect.payload, context);
    if ("error" in route) return failed(route.error);
    const cacheKey = cacheKeyOf(effect.payload, context);
    const asked = { payload: effect.payload, context, ...route };
    const begun = await withBoundBloc(read.request.messages, { payload: effect.payload, context, blocs: deps.blocs });
    const attached = await addMedia(begun, asked, deps.media);
    const { messages } = attached;
    const request: GenerateRequest = {
      ...read.request,
      messages,
      model: route.model,
      ...(cacheKey ? { cacheKey } : {}),
    };
    const structured = await generateStructured(
      request,
      effect.payload["structured_output_fallback"] === true,
      (each) => generateWhole(route.provider, each, { payload: effect.payload, context }),
    );
    const { result } = structured;
    if ("error" in result) return failed(result.error);
    return {
      outcome: {
        status: "completed",
        result: resultRecord(result, { provider: route.provider.id, prices, context, attached, structured }),
      },
      writes: contextWrites(effect.payload, result, { context, now }),
    };
  } catch (error) {
    return failedCall(error);
  }
}

interface Call {
  payload: JsonObject;
  context: EffectContext;
}

/** Asks again with twice the room while the answer is cut off (contract flow-runtime 4.2, truncation). */
async function generateWhole(
  provider: Provider,
  request: GenerateRequest,
  { payload, context }: Call,
): Promise<GenerateResult | { error: string }> {
  const attempts = payload["retry_on_truncation"] === false ? 1 : (numberOf(payload["max_truncation_attempts"]) ?? 3);
  const cap = Math.min(numberOf(payload["max_output_tokens_cap"]) ?? 1_000_000, runLimit(context) ?? 1_000_000);
  let room = request.maxOutputTokens === undefined ? runLimit(context) : Math.min(request.maxOutputTokens, cap);
  for (let attempt = 1; ; attempt++) {
    const options = { signal: context.signal, ...(context.onDelta ? { onDelta: context.onDelta } : {}) };
    const result = await provider.generate(
      room === undefined ? request : { ...request, maxOutputTokens: room },
      options,
    );
    const isCut = result.finishReason === "length";
    if (!isCut || payload["allow_truncation"] === true) return result;
    const wider = Math.min(cap, Math.max((room ?? result.usage.output_tokens) * 2, (room ?? 0) + 500));
    if (attempt >= attempts || room === undefined || wider <= room) {
      return { error: `The model's answer was cut off at ${result.usage.output_tokens} tokens (finish reason length)` };
    }
    room = wider;
  }
}

interface Answered {
  provider: string;
  prices: Prices;
  context: EffectContext;
  attached: Attached;
  structured: Structured;
}

/** What the run's limits say of every answer; undefined when nothing. */
function runLimit({ vars }: EffectContext): number | undefined {
  const limits = isObject(vars["_limits"]) ? vars["_limits"] : {};
  const limit = numberOf(limits["max_output_tokens"]);
  return limit !== null && limit > 0 ? Math.trunc(limit) : undefined;
}

function resultRecord(
  result: GenerateResult,
  { provider, prices, context, attached, structured }: Answered,
): JsonObject {
  const costUsd = result.costUsd ?? priceOf(prices, { provider, model: result.model, result });
  return {
    content: result.content,
    reasoning: result.reasoning,
    data: result.data,
    tool_calls: result.toolCalls.map((call) => ({
      name: call.name,
      arguments: call.arguments,
      call_id: call.call_id,
      ...(call.unreadable === undefined ? {} : { error: unreadable(call.unreadable) }),
    })),
    usage: { ...result.usage, ...(costUsd === null ? {} : { cost_usd: costUsd }) },
    model: result.model,
    provider,
    finish_reason: result.finishReason,
    metadata: {
      trace_id: context.idempotency_key,
      ...(result.cache ? { prompt_cache: cacheRecord(result.cache) } : {}),
      ...(structured.repairs > 0 ? { structured_output_repairs: structured.repairs } : {}),
      ...(structured.isFallback ? { _structured_output_fallback: true } : {}),
      ...(attached.media.length > 0 ? { media: attached.media } : {}),
    },
    ...(attached.warnings.length > 0 ? { warnings: attached.warnings } : {}),
    trace_id: context.idempotency_key,
    gen_time: Math.round(result.genTimeMs * 10) / 10,
    ttft_ms: result.ttftMs === null ? null : Math.round(result.ttftMs * 10) / 10,
  };
}

function unreadable(said: string): string {
  return `The arguments are not a JSON object: ${said.slice(0, 200)}`;
}

function cacheRecord({ key, source, promptTokens, reusedTokens, reason }: CacheUse): JsonObject {
  return { key, source, prompt_tokens: promptTokens, reused_tokens: reusedTokens, reason };
}

/** The call's own name for its cache, a binding's, or the run's; one for the session when the run only says that it wants one. */
function cacheKeyOf(payload: JsonObject, { vars, run }: EffectContext): string | null {
  const params = isObject(payload["params"]) ? payload["params"] : {};
  const runtime = isObject(vars["_runtime"]) ? vars["_runtime"] : {};
  const named =
    params["prompt_cache_key"] ?? keyIn(bindingIn(payload, vars) ?? undefined) ?? keyIn(runtime["prompt_cache"]);
  if (typeof named === "string" && named.trim() !== "") return named;
  const wanted = runtime["prompt_cache"];
  const isWanted = wanted === true || (isObject(wanted) && wanted["enabled"] === true);
  return isWanted ? `session:${run.session_id ?? run.root_run_id}` : null;
}

function keyIn(from: Value | undefined): Value | undefined {
  return isObject(from) ? (from["key"] ?? undefined) : undefined;
}

/** With `include_context` the turn joins the conversation of the run; the token estimate is kept for the run summary. */
function contextWrites(
  payload: JsonObject,
  result: GenerateResult,
  { context, now }: { context: EffectContext; now: Clock },
): NonNullable<Effected["writes"]> {
  const writes: NonNullable<Effected["writes"]> = [
    { path: ["_limits", "estimated_tokens_used"], value: result.usage.input_tokens },
  ];
  if (pendingMedia(context.vars).length > 0) writes.push({ path: ["_runtime", "pending_media"], value: [] });
  if (payload["include_context"] !== true) return writes;
  const user = lastUserText(payload);
  const append = (role: string, content: string) =>
    writes.push({
      path: ["context", "messages"],
      append: { role, content, timestamp: isoTime(now()), metadata: { kind: "llm_turn", node_id: context.node_id } },
    });
  if (user) append("user", user);
  append("assistant", result.content);
  return writes;
}

function lastUserText(payload: JsonObject): string {
  if (typeof payload["prompt"] === "string" && payload["prompt"]) return payload["prompt"];
  const messages = Array.isArray(payload["messages"]) ? payload["messages"].filter(isObject) : [];
  const last = messages.findLast((message) => message["role"] === "user");
  return typeof last?.["content"] === "string" ? last["content"] : "";
}

function failed(error: string): Effected {
  return { outcome: { status: "failed", error } };
}
