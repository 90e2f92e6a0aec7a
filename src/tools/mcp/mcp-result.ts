import type { CallToolResult } from "@modelcontextprotocol/sdk/types.js";
import { AppError } from "#core/errors.ts";
import type { JsonObject } from "#core/value.ts";

/** What is longer would fill a model's whole context. */
const maxLength = 200_000;

/** `{content, structured_content?, rendered}`. AppError `unprocessable` with the tool's words when it says that it failed. */
export function resultOf(toolName: string, { content, structuredContent, isError }: CallToolResult): JsonObject {
  const text = content.map(textOfBlock).join("\n");
  if (isError)
    throw new AppError("unprocessable", text.trim() === "" ? `${toolName} failed without a reason` : cut(text));
  const structured = structuredContent as JsonObject | undefined;
  const shown = text === "" && structured ? JSON.stringify(structured) : text;
  return {
    content: cut(text),
    ...(structured ? { structured_content: structured } : {}),
    rendered: cut(shown),
  };
}

function cut(text: string): string {
  return text.length > maxLength ? `${text.slice(0, maxLength)}\n(cut here: ${text.length} characters in all)` : text;
}

function textOfBlock(block: CallToolResult["content"][number]): string {
  switch (block.type) {
    case "text":
      return block.text;
    case "image":
    case "audio":
      return `[${block.type} ${block.mimeType}, ${sizeOf(block.data)} bytes]`;
    case "resource_link":
      return `[resource ${block.name}: ${block.uri}]`;
    case "resource":
      if ("text" in block.resource) return block.resource.text;
      return `[resource ${block.resource.uri}, ${sizeOf(block.resource.blob)} bytes]`;
  }
}

function sizeOf(base64: string): number {
  return Buffer.from(base64, "base64").length;
}
