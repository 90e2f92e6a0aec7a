import { Link as LinkIcon, MessageCircleQuestion, ShieldQuestion } from "lucide-react";
import { useState } from "react";
import { ToolApproval } from "#console/inbox/tool-approval.tsx";
import { useCommand } from "#console/run/use-command.ts";
import { useClient } from "#console/session/session.tsx";
import { Button } from "#console/ui/button.tsx";
import { AreaField } from "#console/ui/fields.tsx";
import { useTell } from "#console/ui/toasts.tsx";
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
      {waiting.wait_key && <LinkButton runId={run.run_id} waitKey={waiting.wait_key} />}
    </section>
  );
}

/** For whoever can answer and has no account. */
function LinkButton({ runId, waitKey }: { runId: string; waitKey: string }) {
  const client = useClient();
  const tell = useTell();
  const [link, setLink] = useState<string | null>(null);
  const make = useAction({
    run: () => client.history.answerLink(runId, waitKey),
    after: async (url) => {
      setLink(url);
      await navigator.clipboard?.writeText(url).then(
        () => tell("The link is copied. It is good for a day and for this question."),
        () => undefined,
      );
    },
  });
  return (
    <div className="link-place">
      {link === null ? (
        <Button size="small" kind="plain" disabled={make.isPending} onClick={() => make.mutate()}>
          <LinkIcon size={15} />
          Let somebody else answer
        </Button>
      ) : (
        <code>{link}</code>
      )}
    </div>
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
