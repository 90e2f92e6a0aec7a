import type { JsonObject } from "#core/value.ts";
import { textOfMedia } from "#effects/media/content-type.ts";
import { type GivenMedia, maxMediaBytes } from "#effects/media/given-media.ts";
import { type MessageFile, isAccepted, plainType } from "#models/message-file.ts";
import type { Message } from "#models/provider.ts";

export interface AttachOptions {
  /** Media types that can be sent as they are. */
  accepts: readonly string[];
  /** Who would take them, for messages. */
  model: string;
  /** Bytes of text that all attachments together may add to the prompt. */
  maxTextBytes: number;
}

export interface Attached {
  messages: Message[];
  /** One sentence for each attachment that the model does not see. */
  warnings: string[];
  /** What became of each, for the record of the call. */
  media: JsonObject[];
}

/** A text becomes part of the last user message; what the provider takes goes along with it; of all else the model is told that it is there. */
export function attach(messages: Message[], given: GivenMedia[], options: AttachOptions): Attached {
  const texts: string[] = [];
  const files: MessageFile[] = [];
  const warnings: string[] = [];
  const media: JsonObject[] = [];
  let room = options.maxTextBytes;
  for (const item of given) {
    const placed = place(item, { ...options, room });
    if ("text" in placed) {
      room -= item.sizeBytes;
      texts.push(`Attachment: ${item.name} (${item.contentType})\n${placed.text}`);
    } else if ("file" in placed) files.push(placed.file);
    else {
      warnings.push(`Attachment '${item.name}' was not given to the model: ${placed.reason}`);
      texts.push(
        `[Attachment '${item.name}' (${item.contentType}, ${item.sizeBytes} bytes) cannot be shown to you: ${placed.reason}]`,
      );
    }
    const use = "text" in placed ? "text" : "file" in placed ? "file" : "left_out";
    media.push({ artifact_id: item.artifactId, name: item.name, content_type: item.contentType, use });
  }
  return { messages: intoLastUser(messages, texts, files), warnings, media };
}

type Placed = { text: string } | { file: MessageFile } | { reason: string };

function place(
  { bytes, contentType, name, sizeBytes }: GivenMedia,
  { accepts, model, room, maxTextBytes }: AttachOptions & { room: number },
): Placed {
  if (bytes === null) return { reason: `it has ${sizeBytes} bytes, and at most ${maxMediaBytes} can be sent` };
  const text = textOfMedia(plainType(contentType), bytes);
  if (text !== null) {
    if (sizeBytes <= room) return { text };
    const used = room < maxTextBytes ? `, of which ${room} are left` : "";
    return {
      reason: `it has ${sizeBytes} bytes of text, and attachments may add ${maxTextBytes}${used}; open_attachment reads it in parts`,
    };
  }
  if (isAccepted(contentType, accepts))
    return { file: { name, contentType, base64: Buffer.from(bytes).toString("base64") } };
  return { reason: `${model} takes no ${plainType(contentType)}` };
}

/** After a tool's answer comes a message of its own: the last word of the user may be long ago. */
function intoLastUser(messages: Message[], texts: string[], files: MessageFile[]): Message[] {
  if (texts.length === 0 && files.length === 0) return messages;
  const at = messages.findLastIndex(({ role }) => role === "user");
  const found = messages[at] ?? { role: "user" as const, content: "" };
  const content = [found.content, ...texts].filter((text) => text !== "").join("\n\n");
  const extended: Message = { ...found, content };
  if (files.length > 0) extended.files = [...(found.files ?? []), ...files];
  return at < 0 ? [...messages, extended] : messages.with(at, extended);
}
