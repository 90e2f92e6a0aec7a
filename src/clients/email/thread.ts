/** The part of a message that says where it belongs. */
export interface ThreadFields {
  messageId: string;
  inReplyTo: string | null;
  /** Oldest first. */
  references: string[];
}

const own = /^<agw\.([0-9a-f]{16})\.([0-9a-z]+)@/;

/** A name for the thread of a message: the same for all its replies, also where a program forgets the references. */
export function threadOf({ messageId, inReplyTo, references }: ThreadFields): string {
  for (const each of [inReplyTo, ...references.toReversed()]) {
    const [, thread] = own.exec(each ?? "") ?? [];
    if (thread !== undefined) return thread;
  }
  return Bun.SHA256.hash(references[0] ?? inReplyTo ?? messageId, "hex").slice(0, 16);
}

/** Id of a mail of ours. The same thing said twice has the same id, which mail programs show once. */
export function ownMessageId(thread: string, name: string, domain: string): string {
  return `<agw.${thread}.${Bun.SHA256.hash(name, "hex").slice(0, 24)}@${domain}>`;
}

export function questionMessageId(thread: string, token: string, domain: string): string {
  return `<agw.${thread}.q${token}@${domain}>`;
}

/** The question that a message answers. */
export function questionToken({ inReplyTo, references }: ThreadFields): string | null {
  for (const each of [inReplyTo, ...references.toReversed()]) {
    const [, , name = ""] = own.exec(each ?? "") ?? [];
    if (/^q[0-9a-f]{12}$/.test(name)) return name.slice(1);
    // The newest mail of ours that is named is the one that was answered.
    if (name !== "") return null;
  }
  return null;
}

export function isOwnMessageId(messageId: string): boolean {
  return own.test(messageId);
}
