import { messageOf } from "#core/errors.ts";
import type { JsonObject } from "#core/value.ts";
import type { GatewayClient } from "#sdk/client.ts";
import { type StateKeeper, openState } from "#clients/bridge/bridge-state.ts";
import type { Bridge } from "#clients/bridge/channel.ts";
import { Conversations } from "#clients/bridge/conversations.ts";
import { gatewayServer } from "#clients/bridge/gateway-server.ts";
import type { Server } from "#clients/bridge/persist.ts";
import { Questions } from "#clients/bridge/questions.ts";
import { readAnswer } from "#clients/bridge/read-answer.ts";
import { authenticity, domainOf } from "#clients/email/authenticity.ts";
import { EmailChannel } from "#clients/email/email-channel.ts";
import { type InboxPosition, followInbox, storedPosition } from "#clients/email/inbox.ts";
import { imapServer, smtpServer } from "#clients/email/mail-server.ts";
import type { EmailOptions } from "#clients/email/options.ts";
import type { ReceivedMail } from "#clients/email/received-mail.ts";
import { isOwnMessageId, ownMessageId, questionToken, threadOf } from "#clients/email/thread.ts";

/** Base64 and headers make a message larger than what it carries. */
const overhead = 1.4;
const overheadBytes = 1024 * 1024;
const maxReferences = 50;

/**
 * Email as a client of the gateway: a thread is a session. AppError `storage` when the state cannot be read; servers that are away are
 * waited for.
 */
export async function startEmail(sdk: GatewayClient, options: EmailOptions): Promise<Bridge> {
  const stopping = new AbortController();
  const bridge = new EmailBridge(sdk, options, stopping.signal);
  const running = bridge.run().catch((error: unknown) => {
    if (!stopping.signal.aborted) options.log.write("error", `The email bridge stopped: ${messageOf(error)}`);
  });
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

class EmailBridge {
  #sdk: GatewayClient;
  #options: EmailOptions;
  #signal: AbortSignal;
  #keeper: StateKeeper;
  #gateway: Server;
  #channel: EmailChannel;
  #conversations: Conversations;
  #questions: Questions;
  #reported = new Set<string>();

  constructor(sdk: GatewayClient, options: EmailOptions, signal: AbortSignal) {
    const { log, patience } = options;
    this.#sdk = sdk;
    this.#options = options;
    this.#signal = signal;
    this.#keeper = openState(options.state);
    this.#gateway = gatewayServer(sdk.baseUrl, log, patience);
    const shared = { keeper: this.#keeper, log, signal };
    this.#channel = new EmailChannel({ ...shared, smtp: smtpServer(log, patience), settings: options });
    const parts = { ...shared, sdk, gateway: this.#gateway, channel: this.#channel };
    this.#questions = new Questions({ ...parts, everyMs: options.questionsMs, hasLinks: options.hasLinks });
    const settings = { ...options, bundleId: options.bundleId ?? "" };
    this.#conversations = new Conversations({ ...parts, settings, onWait: () => this.#questions.nudge() });
  }

  async run(): Promise<void> {
    const { account, log, timeoutMs, pollMs, maxTotalBytes, patience } = this.#options;
    const signal = this.#signal;
    this.#conversations.resume();
    const questions = this.#questions.run();
    try {
      await followInbox({
        account,
        server: imapServer(log, patience),
        log,
        signal,
        timeoutMs,
        pollMs,
        reopenMs: patience.firstMs,
        maxBytes: maxTotalBytes * overhead + overheadBytes,
        position: () => this.#position(),
        move: (position) => this.#move(position),
        take: (mail, position, isWhole) => this.#take(mail, position, isWhole),
      });
    } finally {
      if (signal.aborted) await Promise.all([questions, this.#conversations.stopped()]);
    }
  }

  #position(): InboxPosition | null {
    const { position } = this.#keeper.state;
    return typeof position["uidValidity"] === "string" ? (position as unknown as InboxPosition) : null;
  }

  async #move(position: InboxPosition): Promise<void> {
    this.#keeper.state.position = storedPosition(position);
    await this.#keeper.save();
  }

  async #take(mail: ReceivedMail, position: InboxPosition, isWhole: boolean): Promise<void> {
    const woken = await this.#handle(mail, `email:${position.uidValidity}:${mail.uid}`, isWhole).catch(
      (error: unknown) => {
        this.#signal.throwIfAborted();
        this.#options.log.write("error", `Email: a message was passed over: ${messageOf(error)}`, { uid: mail.uid });
        return null;
      },
    );
    await this.#move(position);
    if (woken !== null) this.#conversations.wake(woken);
  }

  /** The conversation that has something to do now. */
  async #handle(mail: ReceivedMail, key: string, isWhole: boolean): Promise<string | null> {
    const refusal = this.#refusalOf(mail);
    if (refusal !== null) return this.#passOver(mail, refusal);
    const { account, bundleId } = this.#options;
    const thread = threadOf(mail);
    const id = `${account.name}:${thread}`;
    const token = questionToken(mail);
    const question = token === null ? null : this.#questions.find(token);
    if (token !== null && isWhole) return this.#answer(mail, { key, id, thread, question });
    const about = { thread, to: mail.from, subject: mail.subject, references: referencesOf(mail) };
    const conversation = this.#conversations.of(id, about);
    conversation.about = { ...about };
    if (!isWhole) {
      const messageId = ownMessageId(thread, `${key} too large`, domainOf(account.from));
      const limit = Math.floor(this.#options.maxTotalBytes / 1024 / 1024);
      this.#options.log.write("warn", "Email: a message is too large to be read", { uid: mail.uid });
      await this.#channel.reply(conversation, {
        messageId,
        text: `Your message is too large: files may have ${limit} MB in all. It was not read.`,
      });
      return null;
    }
    const { refs, notes } = await this.#upload(mail, conversation.sessionId);
    const text = [mail.text, ...notes]
      .filter((each) => each !== "")
      .join("\n\n")
      .slice(0, this.#options.maxBodyChars);
    await this.#emit(mail, { key, sessionId: conversation.sessionId, text, refs });
    if (bundleId === null) return null;
    const prompt = text === "" ? mail.subject || "See the attached file." : text;
    this.#conversations.receive(id, { key, text: prompt, files: refs, about: {} });
    return id;
  }

  /** Why a message is not for the bridge; null when it is. */
  #refusalOf({ from, messageId, isAutomatic, authenticationResults }: ReceivedMail): string | null {
    const { account, allowedSenders, requiresAuthentication, authenticator } = this.#options;
    if (isOwnMessageId(messageId) || from === account.from.toLowerCase()) return "it is our own";
    if (from === "") return "it has no sender, or more than one";
    const isAllowed = allowedSenders.some((each) => {
      const allowed = each.toLowerCase();
      return allowed.startsWith("@") ? `@${domainOf(from)}` === allowed : from === allowed;
    });
    if (!isAllowed) return `${from} is not allowed`;
    if (isAutomatic) return "a program wrote it, or it went to a list";
    if (!requiresAuthentication) return null;
    const found = authenticity(authenticationResults, domainOf(from), authenticator);
    if (found === "pass") return null;
    return found === "fail"
      ? `the sender ${from} is forged, by SPF, DKIM or DMARC`
      : `nobody has checked that ${from} is the sender`;
  }

  /** Said once for each reason and sender. */
  #passOver({ uid }: ReceivedMail, reason: string): null {
    if (this.#reported.has(reason) || this.#reported.size > 1000) return null;
    this.#reported.add(reason);
    this.#options.log.write("warn", `Email: a message was passed over: ${reason}`, { uid });
    return null;
  }

  async #answer(
    mail: ReceivedMail,
    { key, id, thread, question }: { key: string; id: string; thread: string; question: ReturnType<Questions["find"]> },
  ): Promise<null> {
    const payload = question && readAnswer(question, mail.text);
    const outcome = question && payload ? await this.#questions.answer(question, payload, key) : null;
    const problem =
      question === null
        ? "The question is no longer open."
        : payload === null
          ? "That does not answer the question. Reply to it again."
          : outcome !== null && outcome.status !== "applied"
            ? `Somebody was faster: ${outcome.message}.`
            : null;
    if (problem === null) return null;
    const domain = domainOf(this.#options.account.from);
    const about = { thread, to: mail.from, subject: mail.subject, references: referencesOf(mail) };
    const conversation = { ...this.#conversations.of(question?.conversationId ?? id, about), about };
    await this.#channel.reply(conversation, {
      messageId: ownMessageId(thread, `${key} problem`, domain),
      text: problem,
    });
    return null;
  }

  async #upload(mail: ReceivedMail, sessionId: string): Promise<{ refs: JsonObject[]; notes: string[] }> {
    const { maxAttachments, maxAttachmentBytes } = this.#options;
    const refs: JsonObject[] = [];
    const notes: string[] = [];
    for (const [index, { name, contentType, bytes }] of mail.files.entries()) {
      if (index >= maxAttachments || bytes.length > maxAttachmentBytes) {
        const why =
          index >= maxAttachments
            ? "there are too many"
            : `it is larger than ${Math.floor(maxAttachmentBytes / 1024 / 1024)} MB`;
        notes.push(`[The file ${name} could not be received: ${why}]`);
        continue;
      }
      const blob = new Blob([bytes], { type: contentType });
      refs.push((await this.#gateway.persist(this.#signal, () => this.#sdk.upload(sessionId, blob, name))).artifact);
    }
    if (notes.length > 0)
      this.#options.log.write("warn", `Email: ${notes.length} files could not be received`, { uid: mail.uid });
    return { refs, notes };
  }

  /** For flows that listen (contract http-api 1.26). */
  async #emit(
    mail: ReceivedMail,
    { key, sessionId, text, refs }: { key: string; sessionId: string; text: string; refs: JsonObject[] },
  ): Promise<void> {
    const { account, eventName } = this.#options;
    const { uid, messageId, inReplyTo, from, to, subject, date } = mail;
    const email = {
      account: account.name,
      uid,
      message_id: messageId,
      in_reply_to: inReplyTo,
      from,
      to,
      subject,
      date,
      body_text: text,
      attachments: refs,
    };
    const payload = { name: eventName, scope: "session", session_id: sessionId, payload: { email } };
    const body = { run_id: sessionId, type: "emit_event" as const, command_id: key, client_id: "email", payload };
    await this.#gateway.persist(this.#signal, () => this.#sdk.command(body));
  }
}

function referencesOf({ references, messageId }: ReceivedMail): string[] {
  return [...references, messageId].slice(-maxReferences);
}
