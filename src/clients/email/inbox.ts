import type { FetchMessageObject, ImapFlow } from "imapflow";
import type { JsonObject } from "#core/value.ts";
import { messageOf } from "#core/errors.ts";
import type { Log } from "#core/log.ts";
import { type Server, pause } from "#clients/bridge/persist.ts";
import { openImap } from "#clients/email/mail-server.ts";
import type { EmailAccount } from "#clients/email/options.ts";
import { type ReceivedMail, readMail } from "#clients/email/received-mail.ts";

/** How far a folder was read. */
export interface InboxPosition {
  uidValidity: string;
  lastUid: number;
  /** Arrival of the newest message that was read, for a folder whose numbers begin anew. */
  lastMs: number;
}

export interface InboxOptions {
  account: EmailAccount;
  server: Server;
  log: Log;
  signal: AbortSignal;
  timeoutMs: number;
  pollMs: number;
  maxBytes: number;
  reopenMs: number;
  position: () => InboxPosition | null;
  /** Deals with a message, and remembers the position. `isWhole` is false for one that is too large to be read. */
  take: (mail: ReceivedMail, position: InboxPosition, isWhole: boolean) => Promise<void>;
  move: (position: InboxPosition) => Promise<void>;
}

/** Follows a folder until the signal aborts: what is new is taken in the order of its numbers, each message once. */
export async function followInbox(options: InboxOptions): Promise<void> {
  const { server, signal } = options;
  // Each connection that works is the end of the trouble before it.
  while (!signal.aborted) {
    const client = await server.persist(signal, () => openFolder(options));
    const close = () => client.close();
    signal.addEventListener("abort", close, { once: true });
    await server
      .persist(signal, () => readFolder(client, options))
      .catch((error: unknown) => {
        if (!signal.aborted) throw error;
      })
      .finally(() => {
        signal.removeEventListener("abort", close);
        client.close();
      });
    // A server that hangs up at once must not keep two machines busy.
    await pause(options.reopenMs, signal);
  }
}

async function openFolder({ account, timeoutMs }: InboxOptions): Promise<ImapFlow> {
  const client = await openImap(account, timeoutMs);
  try {
    await client.mailboxOpen(account.imap?.folder ?? "INBOX");
    return client;
  } catch (error) {
    client.close();
    throw error;
  }
}

/** Until the connection ends. */
async function readFolder(client: ImapFlow, options: InboxOptions): Promise<void> {
  const { signal, pollMs, log } = options;
  const ended = new AbortController();
  let wake = Promise.withResolvers<void>();
  client.on("exists", () => wake.resolve());
  client.on("close", () => {
    ended.abort();
    wake.resolve();
  });
  const over = AbortSignal.any([signal, ended.signal]);
  while (!over.aborted) {
    wake = Promise.withResolvers();
    try {
      await readNew(client, options);
    } catch (error) {
      if (!client.usable || over.aborted) break;
      throw error;
    }
    const timer = new AbortController();
    // The next question ends it. A server that cannot idle is asked now and then.
    void client.idle().catch(() => undefined);
    await Promise.race([wake.promise, pause(pollMs, AbortSignal.any([over, timer.signal]))]);
    timer.abort();
  }
  if (!signal.aborted) log.write("info", "The IMAP connection ended; it is opened again.");
}

async function readNew(client: ImapFlow, options: InboxOptions): Promise<void> {
  const { mailbox } = client;
  if (mailbox === false) return;
  const position = await startOf(client, options);
  await client.noop();
  const found: FetchMessageObject[] = [];
  for await (const each of client.fetch(
    `${position.lastUid + 1}:*`,
    { uid: true, size: true, internalDate: true },
    { uid: true },
  )) {
    // A range without a match answers the last message.
    if (each.uid > position.lastUid) found.push(each);
  }
  found.sort((a, b) => a.uid - b.uid);
  for (const each of found) {
    options.signal.throwIfAborted();
    await readOne(client, each, options, position);
  }
}

async function readOne(
  client: ImapFlow,
  { uid, size = 0, internalDate }: FetchMessageObject,
  options: InboxOptions,
  known: InboxPosition,
): Promise<void> {
  const arrivedMs = internalDate === undefined ? 0 : new Date(internalDate).getTime();
  const next = { ...known, lastUid: uid, lastMs: Math.max(known.lastMs, arrivedMs) };
  const isWhole = size <= options.maxBytes;
  // Of a folder whose numbers began anew: what arrived before is known already.
  if (known.lastUid === 0 && arrivedMs <= known.lastMs) return options.move(next);
  const message = await client.fetchOne(String(uid), isWhole ? { source: true } : { headers: true }, { uid: true });
  const source = message === false ? undefined : isWhole ? message.source : message.headers;
  // Somebody removed it meanwhile.
  if (source === undefined) return options.move(next);
  let mail: ReceivedMail;
  try {
    mail = await readMail(uid, source);
  } catch (error) {
    options.log.write("error", `Email: a message cannot be read and was passed over: ${messageOf(error)}`, { uid });
    return options.move(next);
  }
  await options.take(mail, next, isWhole);
}

/** A new bridge begins with what comes from now on. */
async function startOf({ mailbox }: ImapFlow, { position, move, log }: InboxOptions): Promise<InboxPosition> {
  const known = position();
  if (mailbox === false) throw new Error("no folder is open");
  const uidValidity = String(mailbox.uidValidity);
  if (known?.uidValidity === uidValidity) return known;
  if (known) log.write("warn", "Email: the folder's numbers began anew; what arrived since the last message is read.");
  const begin = known
    ? { uidValidity, lastUid: 0, lastMs: known.lastMs }
    : { uidValidity, lastUid: mailbox.uidNext - 1, lastMs: 0 };
  await move(begin);
  return begin;
}

export function storedPosition(position: InboxPosition): JsonObject {
  return { ...position };
}
