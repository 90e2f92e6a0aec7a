import type { Attachments } from "#artifacts/attachments.ts";
import { AppError } from "#core/errors.ts";
import type { TelegramAccess } from "#core/telegram.ts";
import { textOf } from "#tools/argument-values.ts";
import type { Tool, ToolParameter } from "#tools/tool.ts";

/** Messages and files to the people of the bot, and to nobody else: the tools ask nobody (contract flow-runtime 4.6). */
export function telegramTools(telegram: TelegramAccess, attachments: Attachments): Tool[] {
  const [first] = telegram.chats;
  const chat: ToolParameter = {
    type: "string",
    description: `Number of the chat: ${telegram.chats.join(", ")}`,
    ...(first === undefined ? {} : { default: first }),
  };
  const shared = { toolset: "comms", approval: "auto", replay: "ask", timeoutMs: 60_000 } as const;
  const synonyms = { chat_id: ["chat", "to", "recipient"] };
  return [
    {
      ...shared,
      name: "send_telegram_message",
      description: "Sends a message to a Telegram chat of this gateway's people.",
      parameters: { text: { type: "string", description: "The message" }, chat_id: chat },
      synonyms: { ...synonyms, text: ["message", "content", "body"] },
      async run(args) {
        const chatId = allowedChat(telegram, textOf(args, "chat_id"));
        const text = textOf(args, "text").trim();
        if (text === "") throw new AppError("invalid_request", "text: there is nothing to send");
        return { chat_id: chatId, message_id: await telegram.sendText(chatId, text) };
      },
    },
    {
      ...shared,
      name: "send_telegram_artifact",
      description: "Sends an artifact of this session as a file to a Telegram chat of this gateway's people.",
      parameters: {
        artifact_id: { type: "string", description: "Id of the artifact" },
        caption: { type: "string", description: "Text below it", default: "" },
        chat_id: chat,
      },
      synonyms: { ...synonyms, artifact_id: ["artifact", "id"] },
      async run(args, { run }) {
        const chatId = allowedChat(telegram, textOf(args, "chat_id"));
        const id = textOf(args, "artifact_id").trim();
        const found = await attachments.find(run, id);
        if (!found)
          throw new AppError("not_found", `artifact_id: '${id.slice(0, 100)}' is not an artifact of this session`);
        const bytes = new Uint8Array(await attachments.read(found));
        const caption = textOf(args, "caption").trim() || null;
        const file = { name: found.filename, contentType: found.contentType, bytes, caption };
        return { chat_id: chatId, message_id: await telegram.sendFile(chatId, file) };
      },
    },
  ];
}

function allowedChat({ chats }: TelegramAccess, given: string): string {
  const chatId = given.trim() || (chats[0] ?? "");
  if (chats.includes(chatId)) return chatId;
  throw new AppError("forbidden", `chat_id: '${chatId.slice(0, 40)}' is not one of ${chats.join(", ")}`);
}
