import type { EffectOutcome } from "#core/effect.ts";
import { stringifyJson } from "#core/json.ts";
import { type JsonObject, type Value, isObject, numberOf } from "#core/value.ts";
import { type SpanAttributes, known } from "#app/telemetry/traces/span.ts";

/** Names of the semantic conventions for providers that have one. */
const providerNames: Record<string, string> = {
  google: "gcp.gemini",
  azure: "azure.ai.openai",
  mistral: "mistral_ai",
  local: "llama_cpp",
};

/** Attributes of a model call, by OpenTelemetry's semantic conventions for generative AI. */
export function modelAttributes(payload: JsonObject, outcome: EffectOutcome | null): SpanAttributes {
  const result = outcome?.status === "completed" && isObject(outcome.result) ? outcome.result : {};
  const usage = isObject(result["usage"]) ? result["usage"] : {};
  const params = isObject(payload["params"]) ? payload["params"] : {};
  const provider = textOf(result["provider"]) ?? textOf(payload["provider"]);
  const finish = textOf(result["finish_reason"]);
  return known({
    "gen_ai.operation.name": isObject(payload["output"]) ? "generate_content" : "chat",
    "gen_ai.provider.name": provider && (providerNames[provider] ?? provider),
    "gen_ai.request.model": textOf(payload["model"]) ?? textOf(result["model"]),
    "gen_ai.request.temperature": numberOf(params["temperature"]),
    "gen_ai.request.max_tokens": numberOf(payload["max_output_tokens"]) ?? numberOf(params["max_output_tokens"]),
    "gen_ai.request.seed": numberOf(params["seed"]),
    "gen_ai.response.model": textOf(result["model"]),
    "gen_ai.response.finish_reasons": finish === null ? null : [finish],
    "gen_ai.usage.input_tokens": numberOf(usage["input_tokens"]),
    "gen_ai.usage.output_tokens": numberOf(usage["output_tokens"]),
    "gen_ai.response.time_to_first_chunk": secondsOf(result["ttft_ms"]),
  });
}

/** What was said, only for those who asked for it. */
export function modelContent(payload: JsonObject, outcome: EffectOutcome | null): SpanAttributes {
  const result = outcome?.status === "completed" && isObject(outcome.result) ? outcome.result : null;
  const system = textOf(payload["system_prompt"]);
  const given = Array.isArray(payload["messages"]) ? payload["messages"].filter(isObject) : [];
  const prompt = textOf(payload["prompt"]) ?? textOf(payload["text"]);
  const messages = [
    ...given.map(({ role, content }) => message(textOf(role) ?? "user", content ?? "")),
    ...(prompt === null ? [] : [message("user", prompt)]),
  ];
  return known({
    "gen_ai.system_instructions": system === null ? null : stringifyJson([textPart(system)]),
    "gen_ai.input.messages": stringifyJson(messages),
    "gen_ai.output.messages":
      result &&
      stringifyJson([
        { ...message("assistant", result["content"] ?? ""), finish_reason: result["finish_reason"] ?? null },
      ]),
  });
}

function message(role: string, content: Value): JsonObject {
  return { role, parts: [textPart(typeof content === "string" ? content : stringifyJson(content))] };
}

function textPart(content: string): JsonObject {
  return { type: "text", content };
}

function textOf(value: Value | undefined): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

function secondsOf(value: Value | undefined): number | null {
  const ms = numberOf(value);
  return ms === null ? null : ms / 1000;
}
