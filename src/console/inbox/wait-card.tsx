import { MessageCircleQuestion, ShieldQuestion } from "lucide-react";
import { useState } from "react";
import { ToolApproval } from "#console/inbox/tool-approval.tsx";
import { useCommand } from "#console/run/use-command.ts";
import { Button } from "#console/ui/button.tsx";
import { AreaField } from "#console/ui/fields.tsx";
import { useAction } from "#console/ui/use-action.ts";
import type { JsonObject } from "#core/value.ts";
import type { RunSummary } from "#sdk/wire.ts";

export type Answer = (payload: JsonObject) => void;

/** What a run asks of people, and the place to answer it. */
export function WaitCard({ run }: { run: RunSummary }) {
  const command = useCommand();
  const { waiting } = run;
  const answer = useAction({
    run: (payload: JsonObject) =>
      command({ run_id: run.run_id, type: "resume", payload: { wait_key: waiting?.wait_key ?? null, payload } }),
    done: "Answered.",
  });
  if (!waiting) return null;
  const isApproval = waiting.details?.["mode"] === "approval_required";
  const Icon = isApproval ? ShieldQuestion : MessageCircleQuestion;
  return (
    <section className="wait" aria-label={isApproval ? "Approval" : "Question"}>
      <Icon size={20} aria-hidden="true" />
      {isApproval ? (
        <ToolApproval details={waiting.details ?? {}} answer={answer.mutate} isBusy={answer.isPending} />
      ) : (
        <Question run={run} answer={answer.mutate} isBusy={answer.isPending} />
      )}
    </section>
  );
}

function Question({ run, answer, isBusy }: { run: RunSummary; answer: Answer; isBusy: boolean }) {
  const [text, setText] = useState("");
  const { prompt, choices, allow_free_text: isFree } = run.waiting ?? {};
  const respond = (response: string) => answer({ response });
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim() !== "") respond(text);
      }}
    >
      <p className="asked">{prompt || "The run waits for an answer."}</p>
      {choices && choices.length > 0 && (
        <div className="row">
          {choices.map((choice) => {
            const word = typeof choice === "string" ? choice : JSON.stringify(choice);
            return (
              <Button key={word} disabled={isBusy} onClick={() => respond(word)}>
                {word}
              </Button>
            );
          })}
        </div>
      )}
      {isFree !== false && (
        <>
          <AreaField
            label="Your answer"
            rows={2}
            value={text}
            onChange={setText}
            onKeyDown={(event) => {
              if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.currentTarget.form?.requestSubmit();
            }}
          />
          <div>
            <Button kind="primary" type="submit" disabled={isBusy || text.trim() === ""}>
              Answer
            </Button>
          </div>
        </>
      )}
    </form>
  );
}
