import { CalendarClock, GitFork } from "lucide-react";
import { Link, useLocation } from "wouter";
import { WorkflowName } from "#console/runs/workflow-name.tsx";
import { StatusBadge } from "#console/ui/status-badge.tsx";
import { Ago } from "#console/ui/time.tsx";
import type { RunSummary } from "#sdk/wire.ts";

export function RunRow({ run }: { run: RunSummary }) {
  const [, go] = useLocation();
  const href = `/runs/${run.run_id}`;
  return (
    <tr onClick={() => getSelection()?.isCollapsed !== false && go(href)}>
      <td>
        <StatusBadge status={run.status} paused={run.paused} />
      </td>
      <td>
        <Link className="plain-link" href={href} onClick={(event) => event.stopPropagation()}>
          <WorkflowName workflowId={run.workflow_id} />
        </Link>
      </td>
      <td className="quiet where" title={standing(run)}>
        <span className="row tight">
          {run.is_scheduled && <CalendarClock size={15} aria-label="Schedule" />}
          {run.forked_from && <GitFork size={15} aria-label="Fork" />}
          <span className="cut">{standing(run)}</span>
        </span>
      </td>
      <td className="number">{run.ledger_len ?? ""}</td>
      <td className="number quiet">
        <Ago at={run.created_at} />
      </td>
      <td className="mono quiet id">{run.run_id.slice(0, 8)}</td>
    </tr>
  );
}

/** What a run does or waits for, in a few words. */
export function standing({ status, waiting, current_node, error, paused, pause_reason }: RunSummary): string {
  if (status === "failed" || status === "cancelled") return error ?? status;
  if (paused) return pause_reason ? `Paused: ${pause_reason}` : `Paused at ${current_node}`;
  if (status === "completed") return "Done";
  if (!waiting) return `At ${current_node}`;
  const byReason: Record<string, string> = {
    user: waiting.prompt || "Waits for an answer",
    until: waiting.until ? `Goes on ${new Date(waiting.until).toLocaleString()}` : "Waits for its time",
    event: `Waits for ${waiting.wait_key?.split(":").at(-1) ?? "an event"}`,
    subworkflow: "Waits for a child run",
    job: "Waits for tools",
  };
  return byReason[waiting.reason] ?? waiting.reason;
}
