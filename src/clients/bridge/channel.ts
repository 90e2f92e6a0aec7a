import type { JsonObject } from "#core/value.ts";
import type { Log } from "#core/log.ts";
import type { Question as Asked } from "#sdk/question.ts";
import type { RunSummary } from "#sdk/wire.ts";
import type { Conversation, Message, Question, Turn } from "#clients/bridge/bridge-state.ts";
import type { Patience } from "#clients/bridge/persist.ts";

/** Where something is said: a conversation, and the turn that it belongs to. */
export interface Place {
  conversationId: string;
  conversation: Conversation;
  turn: Turn;
}

export interface OutgoingFile {
  name: string;
  contentType: string;
  bytes: Uint8Array<ArrayBuffer>;
}

/** A message as its run gets it. */
export interface Prepared {
  text: string;
  attachments: JsonObject[];
}

export interface AskedQuestion {
  question: Question;
  asked: Asked;
  run: RunSummary;
  /** Page that answers it, where browsers reach the gateway. */
  link: string | null;
}

/**
 * What Telegram and email have in common. Everything that is said is tried again until it is delivered, and what is said twice after a
 * crash is seen once, as far as the channel can see to it. Functions throw only what cannot get better, or when the bridge stops.
 */
export interface Channel {
  /** Names the client in commands. */
  clientId: string;
  /** Uploads the message's files. */
  prepare(message: Message, sessionId: string): Promise<Prepared>;
  begin(place: Place): Promise<void>;
  /** What a model says so far; may be left out. */
  live(place: Place, text: string): void;
  say(place: Place, text: string): Promise<void>;
  file(place: Place, file: OutgoingFile): Promise<void>;
  end(place: Place): Promise<void>;
  /** The conversation in which a run's questions are asked; null: nobody here is asked. */
  destinationOf(run: RunSummary): string | null;
  /** Makes a place for a question, and answers what is to be remembered of it. */
  reserve(conversationId: string, token: string): Promise<JsonObject>;
  /** Puts the question there; done twice it is seen once. */
  ask(asked: AskedQuestion): Promise<void>;
  /** The question is no longer open; `sentence` says who answered. */
  closed(question: Question, sentence: string): Promise<void>;
}

/** What every bridge is given. */
export interface BridgeOptions {
  bundleId: string;
  flowId: string | null;
  provider: string | null;
  model: string | null;
  sessionPrefix: string;
  /** Messages of the conversation that a new run is told. */
  maxHistoryMessages: number;
  /** Browsers of people reach the gateway at its public address. */
  hasLinks: boolean;
  log: Log;
  patience: Patience;
  /** How often open questions are looked for, beside those of runs that are followed. */
  questionsMs: number;
}

/** A bridge at work. */
export interface Bridge {
  /** Leaves everything as it is for the next start. */
  stop(): Promise<void>;
}
