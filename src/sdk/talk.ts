import type {
  RunChatReply,
  RunChatRequest,
  RunSummaryText,
  SaveChatThreadRequest,
  SavedChatThread,
  SummarizeRunRequest,
} from "#http/schemas/run-talk.ts";
import { runPath } from "#sdk/paths.ts";
import { type Send, readPlainJson } from "#sdk/transport.ts";

/** What a model has to say about a run. Answers of models take their time: end them with the signal. */
export interface TalkCalls {
  summarize(
    runId: string,
    body?: Partial<SummarizeRunRequest>,
    signal?: AbortSignal,
  ): Promise<(typeof RunSummaryText)["static"]>;
  /** With `persist`, question and answer stay in the run's ledger. */
  ask(runId: string, body: Partial<RunChatRequest>, signal?: AbortSignal): Promise<(typeof RunChatReply)["static"]>;
  saveThread(runId: string, body: Partial<SaveChatThreadRequest>): Promise<(typeof SavedChatThread)["static"]>;
}

export function talkCalls(send: Send): TalkCalls {
  const post = async <T>(runId: string, name: string, json: object, signal?: AbortSignal): Promise<T> =>
    readPlainJson(
      await send(`${runPath(runId)}/${name}`, { method: "POST", json, stream: true, ...(signal ? { signal } : {}) }),
    );
  return {
    summarize: (runId, body = {}, signal) => post(runId, "summary", body, signal),
    ask: (runId, body, signal) => post(runId, "chat", body, signal),
    saveThread: (runId, body) => post(runId, "chat_threads", body),
  };
}
