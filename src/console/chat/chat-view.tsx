import { useState } from "react";
import { useLocation } from "wouter";
import { AttachButton, type Attached } from "#console/chat/attach-button.tsx";
import { ChatChoiceBar } from "#console/chat/chat-choice-bar.tsx";
import { ChatList } from "#console/chat/chat-list.tsx";
import { Composer } from "#console/chat/composer.tsx";
import { newChatPath } from "#console/chat/new-chat-path.ts";
import { Turns } from "#console/chat/turns.tsx";
import { type ChatChoice, useChat } from "#console/chat/use-chat.ts";
import { useWaiting } from "#console/inbox/use-waiting.ts";
import { WaitCard } from "#console/inbox/wait-card.tsx";
import { useCommand } from "#console/run/use-command.ts";
import { PageHead } from "#console/ui/page-head.tsx";
import { Problem, messageOf } from "#console/ui/problem.tsx";
import { useAction } from "#console/ui/use-action.ts";
import { useRemembered } from "#console/ui/use-remembered.ts";

const firstChoice: ChatChoice = { bundleRef: "agent", flowId: "agent", provider: "", model: "" };

export function ChatView({ sessionId: id }: { sessionId: string }) {
  const [, go] = useLocation();
  const [choice, setChoice] = useRemembered("chat", firstChoice);
  const [attached, setAttached] = useState<Attached[]>([]);
  const chat = useChat(id);
  const command = useCommand();
  const stop = useAction({
    run: (runId: string) => command({ run_id: runId, type: "cancel", payload: { reason: "Stopped in the chat" } }),
  });
  const waiting = (useWaiting().data ?? []).filter((run) => run.session_id === id);
  const isBusy = chat.live !== null && chat.live.problem === null;
  return (
    <div className="chat">
      <ChatList current={id} onNew={() => go(newChatPath())} />
      <div className="talk">
        <PageHead title="Chat">
          <ChatChoiceBar choice={choice} onChange={setChoice} />
        </PageHead>
        {chat.turns.error && <Problem>{messageOf(chat.turns.error)}</Problem>}
        <Turns turns={chat.turns.data ?? []} live={chat.live} isLoading={chat.turns.isPending} />
        {waiting.map((run) => (
          <WaitCard key={run.run_id} run={run} />
        ))}
        <AttachButton sessionId={id} attached={attached} onChange={setAttached} />
        <Composer
          isBusy={isBusy}
          onSend={(text) => {
            void chat.send(text, { ...choice, attachments: attached.map(({ artifact }) => artifact) });
            setAttached([]);
          }}
          onStop={chat.live?.runId ? () => stop.mutate(chat.live?.runId ?? "") : null}
        />
      </div>
    </div>
  );
}
