import { useQuery } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { Link } from "wouter";
import { chatPrefix } from "#console/chat/new-chat-path.ts";
import { useClient } from "#console/session/session.tsx";
import { Button } from "#console/ui/button.tsx";
import { Ago } from "#console/ui/time.tsx";
import type { RunSummary } from "#sdk/wire.ts";

/** Conversations that began here, the newest first. */
export function ChatList({ current, onNew }: { current: string; onNew: () => void }) {
  const client = useClient();
  const chats = useQuery({
    queryKey: ["chat", "list"],
    queryFn: () => client.list({ root_only: true, limit: 300 }),
    select: sessionsOf,
  });
  return (
    <nav className="chat-list" aria-label="Conversations">
      <Button onClick={onNew}>
        <Plus size={16} />
        New chat
      </Button>
      <ul>
        {chats.data?.map(({ sessionId, firstRun, at, turns }) => (
          <li key={sessionId}>
            <Link href={`/chat/${sessionId}`} aria-current={sessionId === current ? "page" : undefined}>
              <FirstWords runId={firstRun} />
              <span className="quiet small numbers">
                <Ago at={at} />, {turns} {turns === 1 ? "message" : "messages"}
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}

/** A conversation is called by what it began with. */
function FirstWords({ runId }: { runId: string }) {
  const client = useClient();
  const input = useQuery({
    queryKey: ["run", runId, "input"],
    queryFn: () => client.history.input(runId),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const { prompt } = (input.data?.input_data ?? {}) as { prompt?: unknown };
  return <span className="cut">{typeof prompt === "string" ? prompt : "\u00a0"}</span>;
}

interface Chat {
  sessionId: string;
  firstRun: string;
  at: string;
  turns: number;
}

function sessionsOf(runs: RunSummary[]): Chat[] {
  const chats = new Map<string, Chat>();
  // The oldest first, so that the first run is the one that began it.
  const byAge = [...runs].sort((a, b) => (a.created_at < b.created_at ? -1 : 1));
  for (const { run_id, session_id: sessionId, created_at: at } of byAge) {
    if (!sessionId?.startsWith(chatPrefix)) continue;
    const before = chats.get(sessionId);
    chats.set(sessionId, {
      sessionId,
      firstRun: before?.firstRun ?? run_id,
      at,
      turns: (before?.turns ?? 0) + 1,
    });
  }
  return [...chats.values()].sort((a, b) => (a.at < b.at ? 1 : -1)).slice(0, 30);
}
