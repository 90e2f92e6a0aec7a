import { pyStr } from "#core/python.ts";
import { type JsonObject, isObject, numberOf } from "#core/value.ts";

/** What a model sees of `context.messages`: all system messages, then the last `max_history_messages` others (-1 all, 0 none). */
export function activeMessages(vars: JsonObject): JsonObject[] {
  const context = isObject(vars["context"]) ? vars["context"] : {};
  const all = (Array.isArray(context["messages"]) ? context["messages"] : []).filter(isObject);
  const limits = isObject(vars["_limits"]) ? vars["_limits"] : {};
  const limit = numberOf(limits["max_history_messages"]) ?? -1;
  const system = all.filter((message) => message["role"] === "system");
  const others = all.filter((message) => message["role"] !== "system");
  if (limit < 0) return [...system, ...others];
  return [...system, ...(limit === 0 ? [] : others.slice(-limit))];
}

/** Tokens by the length of `role: content`, four characters each. */
function estimate(message: JsonObject): number {
  return Math.ceil(`${pyStr(message["role"] ?? "user")}: ${pyStr(message["content"] ?? "")}`.length / 4);
}

/** Keeps all system messages and the last other one, then older ones, newest first, while the estimate fits. */
export function trimMessages(messages: JsonObject[], maxTokens: number): JsonObject[] {
  const isSystem = (message: JsonObject) => message["role"] === "system";
  const lastAt = messages.findLastIndex((message) => !isSystem(message));
  const kept = new Set(messages.filter((message, index) => isSystem(message) || index === lastAt));
  let used = [...kept].reduce((sum, message) => sum + estimate(message), 0);
  for (const message of messages.slice(0, Math.max(0, lastAt)).toReversed()) {
    if (kept.has(message)) continue;
    used += estimate(message);
    if (used > maxTokens) break;
    kept.add(message);
  }
  return messages.filter((message) => kept.has(message));
}
