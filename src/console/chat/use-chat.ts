import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { useClient } from "#console/session/session.tsx";
import { textOf } from "#console/ui/text-of.ts";
import { messageOf } from "#console/ui/problem.tsx";
import type { GatewayClient } from "#sdk/client.ts";
import type { Delta } from "#sdk/follow.ts";
import type { SessionTurn } from "#sdk/history.ts";
import { type JsonObject, isObject } from "#core/value.ts";

/** A turn that is under way. */
export interface LiveTurn {
  runId: string | null;
  prompt: string;
  /** The model's words so far. */
  text: string;
  /** What it does beside talking. */
  activity: string[];
  problem: string | null;
}

export interface ChatChoice {
  bundleRef: string;
  flowId: string;
  provider: string;
  model: string;
}

/** What one message is sent with. */
type Message = ChatChoice & { attachments: JsonObject[] };

/** A chat is a session: its turns are runs, each given what was said before. */
export function useChat(sessionId: string) {
  const client = useClient();
  const queries = useQueryClient();
  const [live, setLive] = useState<LiveTurn | null>(null);
  const leaving = useRef<AbortController | null>(null);
  useEffect(() => () => leaving.current?.abort(), []);
  const queryKey = ["chat", sessionId];
  const turns = useQuery({ queryKey, queryFn: () => turnsOf(client, sessionId), staleTime: Number.POSITIVE_INFINITY });
  const send = useCallback(
    async (prompt: string, message: Message) => {
      const stop = new AbortController();
      leaving.current = stop;
      const change = (changes: (before: LiveTurn) => Partial<LiveTurn>) =>
        setLive((before) => before && { ...before, ...changes(before) });
      setLive({ runId: null, prompt, text: "", activity: [], problem: null });
      try {
        const runId = await client.start(bodyOf(prompt, message, sessionId, turns.data ?? []));
        change(() => ({ runId }));
        await listen(client, runId, { signal: stop.signal, change });
        if (stop.signal.aborted) return;
        await queries.invalidateQueries({ queryKey: ["chat"] });
        setLive(null);
      } catch (error) {
        change(() => ({ problem: messageOf(error) }));
      }
    },
    [client, queries, sessionId, turns.data],
  );
  return { turns, live, send, dismiss: () => setLive(null) };
}

async function turnsOf(client: GatewayClient, sessionId: string): Promise<SessionTurn[]> {
  const runs = await client.list({ session_id: sessionId, root_only: true, limit: 200 });
  const [newest] = runs.sort((a, b) => (a.created_at < b.created_at ? 1 : -1));
  if (!newest) return [];
  const { session } = await client.history.bundle(newest.run_id, { include_session: true, ledger_max_items: 1 });
  return session?.turns ?? [];
}

function bodyOf(prompt: string, choice: Message, sessionId: string, turns: SessionTurn[]) {
  const messages = turns.flatMap(({ prompt, answer }) => [
    { role: "user", content: prompt ?? "" },
    ...(typeof answer === "string" ? [{ role: "assistant", content: answer }] : []),
  ]);
  const { attachments } = choice;
  const input: JsonObject = { prompt, context: { messages, ...(attachments.length > 0 ? { attachments } : {}) } };
  if (choice.provider) input["provider"] = choice.provider;
  if (choice.model) input["model"] = choice.model;
  return { bundle_id: choice.bundleRef, flow_id: choice.flowId, session_id: sessionId, input_data: input };
}

interface Listening {
  signal: AbortSignal;
  change: (changes: (before: LiveTurn) => Partial<LiveTurn>) => void;
}

/** Follows a run and the child runs that it waits for, which is where an agent talks, until the run has ended. */
async function listen(client: GatewayClient, runId: string, { signal, change }: Listening): Promise<void> {
  const over = new AbortController();
  const both = AbortSignal.any([signal, over.signal]);
  const heard = new Set<string>();
  let step = "";
  const onDelta = (delta: Delta) => {
    const isNew = delta.whole === true || delta.step_id !== step;
    step = delta.step_id;
    change(({ text }) => ({ text: isNew ? delta.text : text + delta.text }));
  };
  const hear = async (id: string, own: AbortSignal): Promise<void> => {
    heard.add(id);
    for await (const { record } of client.follow(id, { signal: own, onDelta })) {
      const wait = isObject(record.result) ? record.result["wait"] : null;
      const details = isObject(wait) ? wait["details"] : null;
      const child = isObject(details) ? details["sub_run_id"] : null;
      if (typeof child === "string" && !heard.has(child)) void hear(child, both).catch(() => undefined);
      const tools =
        record.effect?.type === "tool_calls" && record.status === "started" ? namesOf(record.effect.payload) : [];
      if (tools.length > 0) change(({ activity }) => ({ activity: [...activity, ...tools] }));
    }
  };
  try {
    await hear(runId, signal);
  } finally {
    over.abort();
  }
}

function namesOf(payload: JsonObject): string[] {
  const calls = payload["tool_calls"];
  return Array.isArray(calls) ? calls.filter(isObject).map((call) => textOf(call["name"])) : [];
}
