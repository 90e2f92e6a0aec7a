import type { Attachments } from "#artifacts/attachments.ts";
import type { Settings } from "#config/settings.ts";
import type { EmailAccess } from "#core/email.ts";
import { sendEmailTool } from "#tools/send-email.ts";
import { telegramTools } from "#tools/telegram-tools.ts";
import type { Tool } from "#tools/tool.ts";

/** The configured mail accounts. Nothing of mail is loaded before somebody asks. */
export function emailAccounts({ email }: Pick<Settings, "email">): () => Promise<readonly EmailAccess[]> {
  let opened: Promise<readonly EmailAccess[]> | null = null;
  return () => (opened ??= email ? openAccount(email) : Promise.resolve([]));
}

async function openAccount({ account, timeoutMs }: NonNullable<Settings["email"]>): Promise<readonly EmailAccess[]> {
  const { createEmailAccess } = await import("#clients/email/email-access.ts");
  return [createEmailAccess(account, timeoutMs)];
}

/** Tools that send, where an operator has switched them on and there is something to send with. */
export async function commsTools(settings: Settings, attachments: Attachments): Promise<Tool[]> {
  const { comms, telegram } = settings;
  const tools: Tool[] = [];
  const [account] = comms.email ? await emailAccounts(settings)() : [];
  if (account?.canSend) tools.push(sendEmailTool(account));
  const chats = telegram ? [...telegram.adminUsers, ...telegram.allowedUsers, ...telegram.allowedChats] : [];
  const numbers = [...new Set(chats.filter((each) => /^-?\d+$/.test(each)))];
  if (comms.telegram && telegram && numbers.length > 0) {
    const { createTelegramAccess } = await import("#clients/telegram/telegram-access.ts");
    tools.push(...telegramTools(createTelegramAccess({ ...telegram, chats: numbers }), attachments));
  }
  return tools;
}
