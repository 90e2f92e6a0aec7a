import { CirclePlay, Pause, Play, Trash2 } from "lucide-react";
import { useState } from "react";
import { Link } from "wouter";
import { useCommand } from "#console/run/use-command.ts";
import { nameOf } from "#console/runs/workflow-name.tsx";
import { useClient } from "#console/session/session.tsx";
import { Button } from "#console/ui/button.tsx";
import { Dialog } from "#console/ui/dialog.tsx";
import { StatusBadge } from "#console/ui/status-badge.tsx";
import { wholeTime } from "#console/ui/time.tsx";
import { useAction } from "#console/ui/use-action.ts";
import { type RunStatus, isTerminal } from "#core/run.ts";
import type { ScheduleItem } from "#sdk/wire.ts";

const changes = [["schedules"], ["runs"]];

export function ScheduleCard({ schedule }: { schedule: ScheduleItem }) {
  const { schedule_id: id, status, paused, schedule: plan, runs_left } = schedule;
  const name = plan.target_workflow_id ? nameOf(plan.target_workflow_id) : id.slice(0, 8);
  return (
    <article className="panel card" aria-label={name}>
      <header>
        <Link className="plain-link cut" href={`/runs/${id}`}>
          {name}
        </Link>
        <StatusBadge status={status} paused={paused} />
      </header>
      <div className="body stack">
        <dl className="facts">
          <dt>When</dt>
          <dd>{timesOf(plan)}</dd>
          <dt>Done</dt>
          <dd className="numbers">
            {plan.executions ?? 0}
            {runs_left === null ? " so far" : `, ${runs_left} to come`}
          </dd>
          {plan.note && (
            <>
              <dt>Note</dt>
              <dd>{plan.note}</dd>
            </>
          )}
          {plan.last_run_id && (
            <>
              <dt>Last run</dt>
              <dd>
                <Link className="mono" href={`/runs/${plan.last_run_id}`}>
                  {plan.last_run_id.slice(0, 8)}
                </Link>
              </dd>
            </>
          )}
        </dl>
        <NextTimes schedule={schedule} />
        {!isTerminal(status as RunStatus) && <Actions schedule={schedule} />}
      </div>
    </article>
  );
}

function timesOf({ interval, cron, timezone, start_at }: ScheduleItem["schedule"]): string {
  if (cron && cron.length > 0) return `${cron.join(", ")}${timezone ? ` (${timezone})` : ""}`;
  if (interval) return `every ${interval}`;
  return start_at ? wholeTime(start_at) : "once";
}

function NextTimes({ schedule: { next_fire_times: next, paused } }: { schedule: ScheduleItem }) {
  if (next.length === 0) return <p className="quiet small">{paused ? "Paused: no next time." : "No time is left."}</p>;
  return (
    <div>
      <h3>Next</h3>
      <ol className="small numbers">
        {next.slice(0, 4).map((at) => (
          <li key={at}>
            <time dateTime={at}>{wholeTime(at)}</time>
          </li>
        ))}
      </ol>
    </div>
  );
}

function Actions({ schedule: { schedule_id: id, paused } }: { schedule: ScheduleItem }) {
  const client = useClient();
  const command = useCommand();
  const [isEnding, setEnding] = useState(false);
  const hold = useAction({
    run: () => command({ run_id: id, type: paused ? "resume" : "pause", payload: {} }),
    changes,
    done: paused ? "Goes on." : "Paused.",
  });
  const runNow = useAction({
    run: () =>
      command({
        run_id: id,
        type: "resume",
        payload: { payload: { mode: "run_now", requested_at: new Date().toISOString() } },
      }),
    changes,
    done: "Runs now.",
  });
  const end = useAction({ run: () => client.endSchedule(id), changes, done: "Ended.", after: () => setEnding(false) });
  return (
    <div className="row">
      <Button size="small" onClick={() => hold.mutate()} disabled={hold.isPending}>
        {paused ? <Play size={15} /> : <Pause size={15} />}
        {paused ? "Resume" : "Pause"}
      </Button>
      <Button size="small" onClick={() => runNow.mutate()} disabled={paused || runNow.isPending}>
        <CirclePlay size={15} />
        Run now
      </Button>
      <Button size="small" kind="danger" onClick={() => setEnding(true)}>
        <Trash2 size={15} />
        End
      </Button>
      {isEnding && (
        <Dialog title="End this schedule?" onClose={() => setEnding(false)}>
          <p>It starts no more runs, and what it runs now ends with it. The records stay.</p>
          <footer>
            <Button onClick={() => setEnding(false)}>Keep it</Button>
            <Button kind="danger" onClick={() => end.mutate()} disabled={end.isPending}>
              End the schedule
            </Button>
          </footer>
        </Dialog>
      )}
    </div>
  );
}
