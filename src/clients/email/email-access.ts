import type { FetchMessageObject, ImapFlow } from "imapflow";
import type { EmailAccess, EmailContent, EmailDraft, EmailQuery, EmailSummary } from "#core/email.ts";
import { AppError, messageOf } from "#core/errors.ts";
import { openImap, openSmtp } from "#clients/email/mail-server.ts";
import type { EmailAccount } from "#clients/email/options.ts";
import { type ReceivedMail, readMail } from "#clients/email/received-mail.ts";

const maxReadBytes = 30 * 1024 * 1024;

/** An account that is asked now and then: each call has a connection of its own. */
export function createEmailAccess(account: EmailAccount, timeoutMs: number): EmailAccess {
  const inFolder = async <T>(mailbox: string | null, use: (client: ImapFlow) => Promise<T>): Promise<T> => {
    const client = await openImap(account, timeoutMs).catch((cause: unknown) => {
      if (!(cause instanceof AppError) || cause.code !== "unavailable") throw cause;
      throw new AppError("unavailable", `The mail server cannot be used: ${cause.message}`, { cause });
    });
    try {
      const path = mailbox ?? account.imap?.folder ?? "INBOX";
      await client.mailboxOpen(path, { readOnly: true }).catch((cause: unknown) => {
        throw new AppError("not_found", `The folder '${path.slice(0, 100)}' cannot be opened`, { cause });
      });
      return await use(client);
    } finally {
      client.close();
    }
  };
  return {
    name: account.name,
    from: account.from,
    canRead: account.imap !== null,
    canSend: account.smtp !== null,
    list: (query) =>
      inFolder(query.mailbox, async (client) => ({
        mailbox: client.mailbox === false ? "" : client.mailbox.path,
        messages: await listMessages(client, query),
      })),
    read: (uid, mailbox) => inFolder(mailbox, (client) => readMessage(client, uid)),
    send: (draft) => sendMail(account, draft, timeoutMs),
  };
}

async function listMessages(client: ImapFlow, { since, status, limit }: EmailQuery): Promise<EmailSummary[]> {
  const found = await client.search(
    { ...(since ? { since } : { all: true }), ...(status === "all" ? {} : { seen: status === "read" }) },
    { uid: true },
  );
  const uids = (found || []).toSorted((a, b) => b - a).slice(0, limit);
  if (uids.length === 0) return [];
  const summaries: EmailSummary[] = [];
  const items = { uid: true, flags: true, size: true, headers: true } as const;
  for await (const each of client.fetch(uids.join(","), items, { uid: true })) {
    const mail = await readMail(each.uid, each.headers ?? Buffer.alloc(0));
    summaries.push(summaryOf(each, mail));
  }
  return summaries.sort((a, b) => b.uid - a.uid);
}

async function readMessage(client: ImapFlow, uid: number): Promise<EmailContent | null> {
  const about = await client.fetchOne(String(uid), { uid: true, flags: true, size: true }, { uid: true });
  if (about === false) return null;
  if ((about.size ?? 0) > maxReadBytes) throw new AppError("too_large", "The message is too large to be read");
  const whole = await client.fetchOne(String(uid), { source: true }, { uid: true });
  if (whole === false || whole.source === undefined) return null;
  const mail = await readMail(uid, whole.source);
  const attachments = mail.files.map(({ name, contentType, bytes }) => ({
    filename: name,
    content_type: contentType,
    size: bytes.length,
  }));
  return { ...summaryOf(about, mail), body_text: mail.text, attachments };
}

function summaryOf({ uid, flags, size }: FetchMessageObject, mail: ReceivedMail): EmailSummary {
  const { messageId: message_id, subject, from, to, date } = mail;
  const marks = [...(flags ?? [])];
  return { uid, message_id, subject, from, to, date, flags: marks, seen: marks.includes("\\Seen"), size: size ?? 0 };
}

async function sendMail(account: EmailAccount, draft: EmailDraft, timeoutMs: number) {
  const transport = await openSmtp(account, timeoutMs);
  try {
    const { to, cc, bcc, subject, text, html, headers } = draft;
    const sent = await transport.sendMail({
      from: account.from,
      to,
      cc,
      bcc,
      subject,
      headers,
      ...(account.replyTo === null ? {} : { replyTo: account.replyTo }),
      ...(text === null ? {} : { text }),
      ...(html === null ? {} : { html }),
    });
    return { messageId: sent.messageId, accepted: addresses(sent.accepted), rejected: addresses(sent.rejected) };
  } catch (cause) {
    const isFinal = ((cause as { responseCode?: number }).responseCode ?? 0) >= 500;
    throw new AppError(isFinal ? "invalid_request" : "unavailable", `The mail was not sent: ${messageOf(cause)}`, {
      cause,
    });
  } finally {
    transport.close();
  }
}

function addresses(list: unknown): string[] {
  return (Array.isArray(list) ? list : []).map((each: unknown) =>
    typeof each === "string" ? each : ((each as { address?: string }).address ?? ""),
  );
}
