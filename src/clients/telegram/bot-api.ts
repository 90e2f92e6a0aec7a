import { Api, GrammyError } from "grammy/web";
import { AppError } from "#core/errors.ts";
import type { Log } from "#core/log.ts";
import { type Patience, Server, type Verdict } from "#clients/bridge/persist.ts";

export interface BotApiOptions {
  token: string;
  apiRoot: string;
  log: Log;
  patience: Patience;
}

/** The Bot API, and what becomes of calls that it refuses. */
export interface BotApi {
  api: Api;
  server: Server;
  /** Where files are downloaded from. */
  fileUrl(path: string): string;
}

export function openBotApi({ token, apiRoot, log, patience }: BotApiOptions): BotApi {
  return {
    api: new Api(token, { apiRoot, timeoutSeconds: 120 }),
    server: new Server({ name: "Telegram", log, patience, judge: (error) => judge(error, patience.longestMs) }),
    fileUrl: (path) => `${apiRoot}/file/bot${token}/${path}`,
  };
}

/** Errors carry the address of the call, and that has the token in it: only what Telegram says is told. */
function judge(error: unknown, longestMs: number): Verdict {
  if (error instanceof AppError) return { again: false };
  // Not only HttpError: an answer of something in between, which is no JSON, comes as whatever reading it throws.
  if (!(error instanceof GrammyError)) return { again: true, reason: "it cannot be reached" };
  const { error_code: code, parameters } = error;
  // Telegram answers 404 for a token that never was.
  if (code === 401 || (code === 404 && error.description === "Not Found")) {
    return { again: true, reason: "the bot's token is not accepted; it was revoked or mistyped", afterMs: longestMs };
  }
  if (code === 409) return { again: true, reason: `somebody else reads the bot's updates (${error.description})` };
  if (code === 429) {
    return { again: true, reason: "it asks for patience", afterMs: (parameters.retry_after ?? 1) * 1000 };
  }
  return code >= 500 ? { again: true, reason: error.description } : { again: false };
}

/** What Telegram said when it refused for good; null for everything else. */
export function refusalOf(error: unknown): string | null {
  return error instanceof GrammyError ? error.description : null;
}
