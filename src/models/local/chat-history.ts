import type { ChatHistoryItem, ChatModelFunctions, ChatModelResponse, GbnfJsonSchema } from "node-llama-cpp";
import { AppError } from "#core/errors.ts";
import type { Message, ToolSpec } from "#models/provider.ts";

/** Our messages as the library's history. A tool's answer belongs into the model's turn that called it. */
export function toHistory(messages: Message[]): ChatHistoryItem[] {
  const history: ChatHistoryItem[] = [];
  const results = new Map(
    messages.filter((each) => each.role === "tool").map((each) => [each.tool_call_id, each.content]),
  );
  for (const message of messages) {
    if (message.role === "system") history.push({ type: "system", text: message.content });
    else if (message.role === "user") history.push({ type: "user", text: message.content });
    else if (message.role === "assistant") addResponse(history, responseOf(message, results));
  }
  if (history.at(-1)?.type !== "model") history.push({ type: "model", response: [] });
  return history;
}

function responseOf(message: Message, results: Map<string | undefined, string>): ChatModelResponse["response"] {
  const calls = (message.tool_calls ?? []).map((call) => ({
    type: "functionCall" as const,
    name: call.name,
    params: call.arguments,
    result: results.get(call.call_id) ?? null,
    startsNewChunk: true,
  }));
  return [...(message.content ? [message.content] : []), ...calls] as ChatModelResponse["response"];
}

/** Two assistant turns in a row are one for the template. */
function addResponse(history: ChatHistoryItem[], response: ChatModelResponse["response"]): void {
  const last = history.at(-1);
  if (last?.type === "model") last.response.push(...response);
  else history.push({ type: "model", response });
}

/** AppError `invalid_request` for a name that the grammar of calls cannot hold. */
export function toFunctions(tools: ToolSpec[]): ChatModelFunctions {
  const odd = tools.find(({ name }) => !/^\S+$/.test(name));
  if (odd) throw new AppError("invalid_request", `A tool cannot be named '${odd.name}': names are without spaces`);
  return Object.fromEntries(
    tools.map((tool) => [
      tool.name,
      { description: tool.description, params: tool.parameters as unknown as GbnfJsonSchema },
    ]),
  );
}
