import { MessageSquare, Wrench } from "lucide-react";
import { type ReactNode, useEffect, useRef } from "react";
import { Link } from "wouter";
import type { LiveTurn } from "#console/chat/use-chat.ts";
import { Bones, Empty } from "#console/ui/empty.tsx";
import { Problem } from "#console/ui/problem.tsx";
import { Ago } from "#console/ui/time.tsx";
import type { SessionTurn } from "#sdk/history.ts";

interface TurnsProps {
  turns: SessionTurn[];
  live: LiveTurn | null;
  isLoading: boolean;
}

export function Turns({ turns, live, isLoading }: TurnsProps) {
  const end = useRef<HTMLDivElement>(null);
  const frame = useRef<HTMLDivElement>(null);
  const length = `${turns.length} ${live?.text.length ?? -1}`;
  useEffect(() => {
    const box = frame.current;
    // Whoever reads further up is left there.
    if (box && box.scrollHeight - box.scrollTop - box.clientHeight < 160) end.current?.scrollIntoView({ block: "end" });
  }, [length]);
  const isEmpty = turns.length === 0 && live === null;
  return (
    <div ref={frame} className="turns" aria-live="polite" tabIndex={0} role="log" aria-label="Conversation">
      {isLoading && <Bones rows={4} />}
      {isEmpty && !isLoading && (
        <Empty icon={MessageSquare} title="Talk to an agent">
          <p>
            Each message is a run with a ledger, so a conversation survives restarts and can be read from any client. It
            needs a model: one in memory or behind a connection.
          </p>
          <Link className="button" href="/models">
            Look at the models
          </Link>
        </Empty>
      )}
      {turns.map((turn) => (
        <Turn key={turn.run_id} turn={turn} />
      ))}
      {live && <Live live={live} />}
      <div ref={end} />
    </div>
  );
}

function Said({ by, children }: { by: "person" | "agent"; children: ReactNode }) {
  return <div className={`said ${by}`}>{children}</div>;
}

function Turn({ turn }: { turn: SessionTurn }) {
  const stats = turn.stats as { tool_calls?: number; usage?: { total_tokens?: number } };
  const answer = typeof turn.answer === "string" ? turn.answer : null;
  return (
    <>
      <Said by="person">{turn.prompt ?? ""}</Said>
      {answer !== null && <Said by="agent">{answer}</Said>}
      <p className="about-turn numbers">
        {answer === null && <span>{turn.status}</span>}
        <Ago at={turn.created_at} />
        {(stats.usage?.total_tokens ?? 0) > 0 && <span>{stats.usage?.total_tokens} tokens</span>}
        {(stats.tool_calls ?? 0) > 0 && <span>{stats.tool_calls} tool calls</span>}
        <Link href={`/runs/${turn.run_id}`}>Run</Link>
      </p>
    </>
  );
}

function Live({ live }: { live: LiveTurn }) {
  return (
    <>
      <Said by="person">{live.prompt}</Said>
      {live.activity.length > 0 && (
        <p className="about-turn">
          <Wrench size={14} aria-hidden="true" />
          {live.activity.join(", ")}
        </p>
      )}
      {live.problem === null ? (
        <Said by="agent">
          {live.text}
          <span className="caret" aria-label="is writing" />
        </Said>
      ) : (
        <Problem>{live.problem}</Problem>
      )}
    </>
  );
}
