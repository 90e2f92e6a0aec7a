import { AppError } from "#core/errors.ts";
import type { JsonObject } from "#core/value.ts";
import type { StartBody } from "#sdk/wire.ts";

/** What somebody wrote, as it lies in the queue until it is its turn. */
export interface Message {
  /** Names it for ever: the start that it causes is the same one however often it comes. */
  key: string;
  text: string;
  /** Files that the channel knows how to get. */
  files: JsonObject[];
  /** What the channel needs to answer it. */
  about: JsonObject;
}

/** A message and the run that works on it. */
export interface Turn {
  message: Message;
  /** Set before the start, so that a repeated start is the same one. */
  body: StartBody | null;
  runId: string | null;
  /** Records of the run and its children that were dealt with. */
  cursors: Record<string, number>;
  /** Answers that were delivered. */
  spoken: number;
  /** What the channel has shown of the turn. */
  shown: JsonObject;
}

export interface Conversation {
  sessionId: string;
  /** Grows with each new beginning. */
  generation: number;
  history: { role: "user" | "assistant"; content: string }[];
  queue: Message[];
  turn: Turn | null;
  /** What the channel knows of it. */
  about: JsonObject;
}

/** A wait that was shown to somebody. */
export interface Question {
  /** Run, key and place in the ledger. */
  id: string;
  /** Short name for buttons and subjects. */
  token: string;
  runId: string;
  waitKey: string;
  /** Length of the ledger when the wait began. */
  cursor: number;
  conversationId: string;
  isConsent: boolean;
  choices: string[];
  allowsText: boolean;
  /** Where the channel shows it. */
  shown: JsonObject;
  /** False between the moment that the channel made its place and the moment that it can be read there. */
  isAsked: boolean;
}

export interface BridgeState {
  version: 1;
  /** How far the channel's inbox was read. */
  position: JsonObject;
  conversations: Record<string, Conversation>;
  questions: Question[];
}

/** A JSON document that lasts. */
export interface StateFile {
  /** Null when there is none. AppError `storage` when it cannot be read. */
  read(): unknown;
  /** Durable when it resolves. */
  write(value: unknown): Promise<void>;
}

/** The bridge's memory: changed in place, and durable when `save` resolves. */
export interface StateKeeper {
  readonly state: BridgeState;
  save(): Promise<void>;
}

/** AppError `storage` for a file that is not a bridge's. */
export function openState(file: StateFile): StateKeeper {
  const state = checked(file.read());
  let writing: Promise<void> = Promise.resolve();
  let next: Promise<void> | null = null;
  return {
    state,
    save() {
      // What changes while a write is under way is in the next one, which all who ask meanwhile share.
      next ??= writing.then(() => {
        next = null;
        writing = file.write(state);
        return writing;
      });
      return next;
    },
  };
}

function checked(value: unknown): BridgeState {
  if (value === null || value === undefined) return { version: 1, position: {}, conversations: {}, questions: [] };
  const { version } = value as { version?: unknown };
  if (version === 1) return value as BridgeState;
  throw new AppError("storage", "The bridge's state file is not one of this version: move it away to begin anew.");
}
