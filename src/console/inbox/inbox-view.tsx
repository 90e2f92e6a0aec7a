import { Inbox } from "lucide-react";
import { Link } from "wouter";
import { useWaiting } from "#console/inbox/use-waiting.ts";
import { WaitCard } from "#console/inbox/wait-card.tsx";
import { WorkflowName } from "#console/runs/workflow-name.tsx";
import { Bones, Empty } from "#console/ui/empty.tsx";
import { PageHead } from "#console/ui/page-head.tsx";
import { Problem, messageOf } from "#console/ui/problem.tsx";
import { Ago } from "#console/ui/time.tsx";

/** All that runs ask of people, in one place. */
export function InboxView() {
  const waiting = useWaiting();
  return (
    <div className="stack narrow">
      <PageHead title="Inbox" about="Questions and tools that ask first, of all runs; the longest wait is on top." />
      {waiting.error && <Problem>{messageOf(waiting.error)}</Problem>}
      {waiting.isPending && (
        <div className="panel">
          <Bones rows={3} />
        </div>
      )}
      {waiting.data?.length === 0 && (
        <div className="panel">
          <Empty icon={Inbox} title="Nobody waits for you">
            <p>
              A flow asks with the node Ask, and an agent before it writes or executes something. Try it with the
              sample:
            </p>
            <Link className="button" href="/start/ask-me/ask-me">
              Start ask-me
            </Link>
          </Empty>
        </div>
      )}
      {waiting.data?.map((run) => (
        <article key={run.run_id} className="panel">
          <header>
            <Link className="plain-link" href={`/runs/${run.run_id}`}>
              <WorkflowName workflowId={run.workflow_id} />
            </Link>
            <span className="quiet small">
              <Ago at={run.updated_at} />
            </span>
          </header>
          <WaitCard run={run} />
        </article>
      ))}
    </div>
  );
}
