import { AppError } from "#core/errors.ts";
import { parseObject } from "#core/json.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import type { ChatCompletionRequest } from "#http/schemas/openai.ts";
import type { MessageFile } from "#models/message-file.ts";
import type { GenerateRequest, Message, ToolCall } from "#models/provider.ts";

/** OpenAI's request as ours. AppError `invalid_request` names what a text model cannot take. */
export function toGenerateRequest(body: ChatCompletionRequest, model: string): GenerateRequest {
  const request: GenerateRequest = { model, messages: body.messages.map(toMessage) };
  if (typeof body.temperature === "number") request.temperature = body.temperature;
  if (typeof body.seed === "number") request.seed = body.seed;
  const limit = body.max_completion_tokens ?? body.max_tokens;
  if (typeof limit === "number") request.maxOutputTokens = limit;
  const stop = typeof body.stop === "string" ? [body.stop] : Array.isArray(body.stop) ? body.stop.filter(isText) : [];
  if (stop.length > 0) request.stop = stop;
  const tools = (body.tools ?? []).map((tool) => toTool(tool as JsonObject));
  if (tools.length > 0) request.tools = tools;
  const schema = schemaOf(body.response_format);
  if (schema) request.responseSchema = schema;
  if (body.reasoning_effort) request.thinking = body.reasoning_effort;
  if (body.prompt_cache_key) request.cacheKey = body.prompt_cache_key;
  return request;
}

/** What a bundle that talks is started with. */
export function toBundleInput(body: ChatCompletionRequest): JsonObject {
  const messages = body.messages.map(toMessage);
  if (messages.some(({ files }) => files)) {
    throw new AppError("unsupported", "A bundle takes no pictures here: start a run with attachments instead");
  }
  const at = messages.findLastIndex((message) => message.role === "user");
  const prompt = messages[at]?.content ?? "";
  const system = messages.filter((message) => message.role === "system").map((message) => message.content);
  const earlier = messages.slice(0, Math.max(0, at)).filter((message) => message.role !== "system");
  return {
    prompt,
    ...(system.length > 0 ? { system: system.join("\n\n") } : {}),
    ...(earlier.length > 0 ? { use_context: true, context: { messages: earlier as unknown as Value } } : {}),
  };
}

function toMessage(raw: ChatCompletionRequest["messages"][number], index: number): Message {
  const role = raw.role === "developer" ? "system" : raw.role;
  if (role !== "system" && role !== "user" && role !== "assistant" && role !== "tool") {
    throw new AppError("invalid_request", `messages[${index}].role '${role}' is not known`);
  }
  return {
    role,
    content: contentOf(raw.content, index),
    ...filesOf(raw.content, index),
    ...(raw.tool_calls ? { tool_calls: raw.tool_calls.map((call) => toCall(call as JsonObject)) } : {}),
    ...(raw.tool_call_id ? { tool_call_id: raw.tool_call_id } : {}),
    ...(raw.name ? { name: raw.name } : {}),
  };
}

function contentOf(content: unknown, index: number): string {
  if (content === undefined || content === null) return "";
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) throw new AppError("invalid_request", `messages[${index}].content must be text`);
  return content
    .map((part: unknown) => {
      const { type, text } = isObject(part) ? part : {};
      if (type === "text" && isText(text)) return text;
      if (type === "image_url") return "";
      throw new AppError("unsupported", `messages[${index}].content: only text and image_url parts are available`);
    })
    .join("");
}

/** Pictures as data: where a URL leads is not looked up here. */
function filesOf(content: unknown, index: number): { files?: MessageFile[] } {
  const parts = Array.isArray(content) ? content.filter(isObject).filter(({ type }) => type === "image_url") : [];
  const files = parts.map(({ image_url: image }) => {
    const url = isObject(image) ? image["url"] : image;
    const match = /^data:(image\/[\w.+-]+);base64,([A-Za-z0-9+/=\s]+)$/.exec(isText(url) ? url : "");
    const [, contentType, base64] = match ?? [];
    if (contentType && base64) return { name: "image", contentType, base64 };
    throw new AppError(
      "invalid_request",
      `messages[${index}].content: image_url must be a data URL of a picture in base64`,
    );
  });
  return files.length > 0 ? { files } : {};
}

function toCall(raw: JsonObject): ToolCall {
  const inner = isObject(raw["function"]) ? raw["function"] : {};
  const given = inner["arguments"];
  return {
    call_id: isText(raw["id"]) ? raw["id"] : "",
    name: isText(inner["name"]) ? inner["name"] : "",
    arguments: isObject(given) ? given : isText(given) ? argumentsIn(given) : {},
  };
}

function argumentsIn(text: string): JsonObject {
  try {
    return parseObject(text);
  } catch {
    return {};
  }
}

function toTool(raw: JsonObject) {
  const inner = isObject(raw["function"]) ? raw["function"] : {};
  if (!isText(inner["name"])) throw new AppError("invalid_request", "each of `tools` needs function.name");
  return {
    name: inner["name"],
    description: isText(inner["description"]) ? inner["description"] : "",
    parameters: isObject(inner["parameters"]) ? inner["parameters"] : { type: "object", properties: {} },
  };
}

function schemaOf(format: JsonObject | undefined): JsonObject | null {
  if (format?.["type"] === "json_object") return { type: "object" };
  const wrapped = format?.["type"] === "json_schema" ? format["json_schema"] : null;
  return isObject(wrapped) && isObject(wrapped["schema"]) ? wrapped["schema"] : null;
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}
