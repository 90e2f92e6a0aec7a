import type { ParsedMail } from "mailparser";
import type { ThreadFields } from "#clients/email/thread.ts";

export interface MailFile {
  name: string;
  contentType: string;
  bytes: Uint8Array<ArrayBuffer>;
}

/** A message, as far as the bridge reads it. */
export interface ReceivedMail extends ThreadFields {
  uid: number;
  /** Of the From header, in lower letters. */
  from: string;
  to: string[];
  subject: string;
  date: string | null;
  text: string;
  files: MailFile[];
  authenticationResults: string[];
  /** Written by a program or sent to many: nobody waits for an answer. */
  isAutomatic: boolean;
}

/** Reads a whole message, or only its headers; whatever its parts look like. Rejects when nothing can be made of it. */
export async function readMail(uid: number, source: Buffer): Promise<ReceivedMail> {
  const { simpleParser } = await import("mailparser");
  const mail = await simpleParser(source, { skipImageLinks: true, maxHtmlLengthToParse: 500_000 });
  const headers = headersOf(mail);
  return {
    uid,
    messageId: mail.messageId ?? `<missing.${Bun.SHA256.hash(source, "hex").slice(0, 24)}@invalid>`,
    inReplyTo: mail.inReplyTo ?? null,
    references: [mail.references ?? []].flat(),
    from: addressOf(mail.from) ?? "",
    to: [mail.to ?? []]
      .flat()
      .flatMap(({ value }) => value.flatMap(({ address }) => (address ? [address.toLowerCase()] : []))),
    subject: mail.subject ?? "",
    date: mail.date?.toISOString() ?? null,
    text: withoutQuotes(mail.text ?? ""),
    files: mail.attachments.map(({ filename, contentType, content }, index) => ({
      name: filename ?? `attachment-${index + 1}`,
      contentType,
      bytes: new Uint8Array(content),
    })),
    authenticationResults: headers.filter(([name]) => name === "authentication-results").map(([, value]) => value),
    isAutomatic: isAutomatic(headers),
  };
}

type Header = [name: string, value: string];

/** In the order of the message, unfolded. */
function headersOf({ headerLines }: ParsedMail): Header[] {
  return headerLines.map(({ key, line }) => [
    key.toLowerCase(),
    line
      .slice(line.indexOf(":") + 1)
      .replace(/\r?\n[ \t]+/g, " ")
      .trim(),
  ]);
}

/** More than one sender is none. */
function addressOf(from: ParsedMail["from"]): string | null {
  const addresses = (from?.value ?? []).flatMap(({ address }) => (address ? [address.toLowerCase()] : []));
  return addresses.length === 1 ? (addresses[0] ?? null) : null;
}

/** Auto-replies, lists and bounces (RFC 3834 and what came before it). */
function isAutomatic(headers: Header[]): boolean {
  return headers.some(([name, value]) => {
    if (name === "auto-submitted") return !/^no\b/i.test(value);
    if (name === "precedence") return /^(bulk|junk|list|auto_reply)\b/i.test(value);
    if (name === "return-path") return value === "<>";
    if (name === "content-type") return /^multipart\/report\b/i.test(value);
    return ["list-id", "list-unsubscribe", "x-auto-response-suppress", "x-autoreply", "x-autorespond"].includes(name);
  });
}

/** What the sender wrote, without the message that is answered. */
function withoutQuotes(text: string): string {
  const lines = text.replace(/\r\n/g, "\n").split("\n");
  const end = lines.findIndex(
    (line, index) =>
      /^-{2,}\s*(original message|ursprüngliche nachricht|message d'origine)/i.test(line) ||
      (/^(on|am|le|el|il)\b.{5,200}:$/i.test(line.trim()) &&
        lines.slice(index + 1).some((next) => next.startsWith(">"))),
  );
  const kept = (end < 0 ? lines : lines.slice(0, end)).filter((line) => !line.startsWith(">"));
  return kept.join("\n").trim();
}
