import { useQuery } from "@tanstack/react-query";
import { CalendarClock } from "lucide-react";
import { Link } from "wouter";
import { ScheduleCard } from "#console/schedules/schedule-card.tsx";
import { useClient } from "#console/session/session.tsx";
import { Bones, Empty } from "#console/ui/empty.tsx";
import { PageHead } from "#console/ui/page-head.tsx";
import { Problem, messageOf } from "#console/ui/problem.tsx";
import { isTerminal } from "#core/run.ts";
import type { RunStatus } from "#core/run.ts";
import type { ScheduleItem } from "#sdk/wire.ts";

export function SchedulesView() {
  const client = useClient();
  const schedules = useQuery({
    queryKey: ["schedules"],
    queryFn: () => client.schedules(),
    refetchInterval: 5000,
    select: livingFirst,
  });
  return (
    <div className="stack">
      <PageHead title="Schedules" about="Flows that run later, or again and again.">
        <Link className="button primary" href="/bundles">
          Schedule a flow
        </Link>
      </PageHead>
      {schedules.error && <Problem>{messageOf(schedules.error)}</Problem>}
      {schedules.isPending && (
        <div className="panel">
          <Bones rows={4} />
        </div>
      )}
      {schedules.data?.length === 0 && (
        <div className="panel">
          <Empty icon={CalendarClock} title="Nothing is scheduled">
            <p>Start a flow and choose a time for it, or from a terminal:</p>
            <code>abstractgateway schedules create hello --cron "0 9 * * 1-5"</code>
          </Empty>
        </div>
      )}
      <div className="cards">
        {schedules.data?.map((schedule) => (
          <ScheduleCard key={schedule.schedule_id} schedule={schedule} />
        ))}
      </div>
    </div>
  );
}

function livingFirst(items: ScheduleItem[]): ScheduleItem[] {
  const isOver = ({ status }: ScheduleItem) => Number(isTerminal(status as RunStatus));
  return [...items].sort((a, b) => isOver(a) - isOver(b) || (a.schedule_id < b.schedule_id ? -1 : 1));
}
