import { type JsonObject, type Value, isObject, numberOf } from "#core/value.ts";
import { toJsonSchema } from "#effects/response-schema.ts";
import { readMessage, readTools, textOf } from "#models/conversation.ts";
import type { GenerateRequest, Message } from "#models/provider.ts";

/** What an `llm_call` payload asks of a model, or the sentence that says why it cannot be asked. */
export type RequestResult = { request: Omit<GenerateRequest, "model"> } | { error: string };

/** Reads the payload of contract flow-runtime 4.2. */
export function readRequest(payload: JsonObject): RequestResult {
  const messages = readMessages(payload);
  if (messages.length === 0) return { error: "llm_call needs a prompt, a text or messages" };
  const params = isObject(payload["params"]) ? payload["params"] : {};
  const request: Omit<GenerateRequest, "model"> = { messages };
  const tools = readTools(payload["tools"]);
  if (tools.length > 0) request.tools = tools;
  const temperature = numberOf(params["temperature"]);
  if (temperature !== null) request.temperature = temperature;
  const seed = numberOf(params["seed"]);
  if (seed !== null && seed >= 0) request.seed = Math.trunc(seed);
  const maxTokens =
    numberOf(payload["max_output_tokens"]) ?? numberOf(params["max_output_tokens"]) ?? numberOf(params["max_tokens"]);
  if (maxTokens !== null && maxTokens > 0) request.maxOutputTokens = Math.trunc(maxTokens);
  const stop = readStop(params["stop"]);
  if (stop.length > 0) request.stop = stop;
  const thinking = params["thinking"];
  if (typeof thinking === "boolean" || (typeof thinking === "string" && thinking)) request.thinking = thinking;
  if (isObject(payload["response_schema"])) request.responseSchema = toJsonSchema(payload["response_schema"]);
  return { request };
}

function readMessages(payload: JsonObject): Message[] {
  const system = typeof payload["system_prompt"] === "string" ? payload["system_prompt"] : "";
  const given = Array.isArray(payload["messages"]) ? payload["messages"].filter(isObject).map(readMessage) : [];
  const prompt = textOf(payload["prompt"]) || textOf(payload["text"]);
  const messages: Message[] = [];
  if (system && !given.some((message) => message.role === "system" && message.content === system)) {
    messages.push({ role: "system", content: system });
  }
  messages.push(...given);
  if (prompt) messages.push({ role: "user", content: prompt });
  return messages.some((message) => message.role !== "system") ? messages : [];
}

function readStop(raw: Value | undefined): string[] {
  if (typeof raw === "string" && raw) return [raw];
  return Array.isArray(raw) ? raw.filter((item): item is string => typeof item === "string" && item !== "") : [];
}
