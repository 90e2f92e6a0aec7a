import type { Transporter } from "nodemailer";
import type { Log } from "#core/log.ts";
import { messageOf } from "#core/errors.ts";
import type { JsonObject } from "#core/value.ts";
import type { RunSummary } from "#sdk/wire.ts";
import type { Conversation, Message, Question, StateKeeper } from "#clients/bridge/bridge-state.ts";
import type { AskedQuestion, Channel, OutgoingFile, Place, Prepared } from "#clients/bridge/channel.ts";
import type { Server } from "#clients/bridge/persist.ts";
import { domainOf } from "#clients/email/authenticity.ts";
import { openSmtp } from "#clients/email/mail-server.ts";
import type { EmailOptions } from "#clients/email/options.ts";
import { ownMessageId, questionMessageId } from "#clients/email/thread.ts";

export interface EmailChannelOptions {
  smtp: Server;
  keeper: StateKeeper;
  settings: EmailOptions;
  log: Log;
  signal: AbortSignal;
}

/** What a conversation remembers of its thread. */
export interface Thread {
  thread: string;
  to: string;
  subject: string;
  /** Ids of its messages, oldest first. */
  references: string[];
}

export interface Outgoing {
  messageId: string;
  text: string;
  files?: OutgoingFile[];
}

const maxReferences = 20;

/** What a run says, as replies in a thread. */
export class EmailChannel implements Channel {
  readonly clientId = "email";
  #options: EmailChannelOptions;
  #transport: Promise<Transporter> | null = null;

  constructor(options: EmailChannelOptions) {
    this.#options = options;
  }

  /** The files were put into the session when the message was read. */
  prepare(message: Message): Promise<Prepared> {
    return Promise.resolve({ text: message.text, attachments: message.files });
  }

  begin(): Promise<void> {
    return Promise.resolve();
  }

  live(): void {
    // A mail cannot grow.
  }

  async say(place: Place, text: string): Promise<void> {
    const index = place.turn.spoken;
    await this.reply(place.conversation, { messageId: this.#idOf(place, `say ${index}`), text });
  }

  async file(place: Place, file: OutgoingFile): Promise<void> {
    const messageId = this.#idOf(place, `file ${file.name} ${Bun.SHA256.hash(file.bytes, "hex")}`);
    await this.reply(place.conversation, { messageId, text: file.name, files: [file] });
  }

  end(): Promise<void> {
    return Promise.resolve();
  }

  destinationOf(run: RunSummary): string | null {
    const { keeper, settings } = this.#options;
    const found = Object.entries(keeper.state.conversations).find(([, { sessionId }]) => sessionId === run.session_id);
    return found?.[0] ?? (settings.notifyTo === null ? null : notifyConversation);
  }

  reserve(conversationId: string, token: string): Promise<JsonObject> {
    const { thread } = this.#threadOf(conversationId);
    return Promise.resolve({ messageId: questionMessageId(thread, token, this.#domain()) });
  }

  async ask({ question, asked, link }: AskedQuestion): Promise<void> {
    const { log, signal } = this.#options;
    const messageId = question.shown["messageId"];
    if (typeof messageId !== "string") return;
    const calls = asked.calls.map((call) => `* ${call.name} ${call.arguments}`);
    const choices = asked.choices.map((choice, index) => `${index + 1}. ${choice}`);
    const how = question.isConsent
      ? "Reply with yes, or with no and a reason."
      : choices.length > 0
        ? "Reply with one of the answers, or its number."
        : "Reply with your answer.";
    const page = link === null ? [] : ["", `Or answer in the browser: ${link}`];
    const text = [asked.prompt, ...calls, ...choices, "", how, ...page].join("\n");
    try {
      await this.#send(this.#threadOf(question.conversationId), { messageId, text });
    } catch (error) {
      if (signal.aborted) throw error;
      log.write("error", `Email: a question could not be sent: ${messageOf(error)}`);
    }
  }

  /** A mail cannot be taken back; only who is still to answer is told, when it was answered elsewhere. */
  async closed(question: Question, sentence: string): Promise<void> {
    if (sentence.includes(`(${this.clientId})`) || !question.isAsked) return;
    const { thread } = this.#threadOf(question.conversationId);
    const messageId = ownMessageId(thread, `closed ${question.id}`, this.#domain());
    await this.#send(this.#threadOf(question.conversationId), { messageId, text: sentence }).catch((error: unknown) => {
      if (this.#options.signal.aborted) throw error;
      this.#options.log.write("warn", `Email: ${messageOf(error)}`);
    });
  }

  async reply(conversation: Conversation, mail: Outgoing): Promise<void> {
    await this.#send(conversation.about as unknown as Thread, mail);
  }

  #idOf({ conversation, turn }: Place, name: string): string {
    const { thread } = conversation.about as unknown as Thread;
    return ownMessageId(thread, `${turn.message.key} ${name}`, this.#domain());
  }

  #threadOf(conversationId: string): Thread {
    const known = this.#options.keeper.state.conversations[conversationId];
    if (known) return known.about as unknown as Thread;
    const thread = Bun.SHA256.hash(notifyConversation, "hex").slice(0, 16);
    return { thread, to: this.#options.settings.notifyTo ?? "", subject: "A workflow asks", references: [] };
  }

  #domain(): string {
    return domainOf(this.#options.settings.account.from);
  }

  async #send({ to, subject, references }: Thread, { messageId, text, files = [] }: Outgoing): Promise<void> {
    const { smtp, settings, signal } = this.#options;
    const { account, timeoutMs } = settings;
    await smtp.persist(signal, async () => {
      this.#transport ??= openSmtp(account, timeoutMs);
      const transport = await this.#transport;
      await transport.sendMail({
        from: account.from,
        to,
        ...(account.replyTo === null ? {} : { replyTo: account.replyTo }),
        subject: /^re:/i.test(subject) ? subject : `Re: ${subject}`,
        text,
        messageId,
        ...(references.length === 0
          ? {}
          : {
              inReplyTo: references.at(-1) ?? "",
              references: [...references.slice(0, 1), ...references.slice(1).slice(-maxReferences)],
            }),
        // Programs that answer by themselves leave such a mail alone (RFC 3834).
        headers: { "Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All" },
        attachments: files.map(({ name, contentType, bytes }) => ({
          filename: name,
          contentType,
          content: Buffer.from(bytes),
        })),
      });
    });
  }
}

/** Where runs that began elsewhere ask. */
const notifyConversation = "notify";
