import type { SessionDetail, SessionList } from "#http/schemas/sessions.ts";
import { base } from "#sdk/paths.ts";
import { type Send, readPlainJson } from "#sdk/transport.ts";

export type SessionPage = (typeof SessionList)["static"];

/** Runs that belong together. */
export interface SessionCalls {
  /** Newest change first; `before` is `next_before` of the page before. */
  list(query?: { limit?: number; before?: string; include_unnamed?: boolean }): Promise<SessionPage>;
  get(sessionId: string, query?: { turn_limit?: number }): Promise<(typeof SessionDetail)["static"]>;
}

export function sessionCalls(send: Send): SessionCalls {
  return {
    list: async (query = {}) => readPlainJson(await send(`${base}/sessions`, { query })),
    get: async (sessionId, query = {}) =>
      readPlainJson(await send(`${base}/sessions/${encodeURIComponent(sessionId)}`, { query })),
  };
}
