import { useQuery } from "@tanstack/react-query";
import { Network } from "lucide-react";
import { RunRow } from "#console/runs/run-row.tsx";
import { useClient } from "#console/session/session.tsx";
import { Bones, Empty } from "#console/ui/empty.tsx";
import { Problem, messageOf } from "#console/ui/problem.tsx";
import type { RunSummary } from "#sdk/wire.ts";

export function ChildrenTab({ run, head }: { run: RunSummary; head: number }) {
  const client = useClient();
  const sessionId = run.session_id ?? run.run_id;
  const children = useQuery({
    queryKey: ["runs", "of-session", sessionId, head],
    queryFn: () => client.list({ session_id: sessionId, limit: 500 }),
    select: (runs) => runs.filter(({ parent_run_id }) => parent_run_id === run.run_id),
    placeholderData: (before: RunSummary[] | undefined) => before,
    refetchInterval: 3000,
  });
  if (children.error)
    return (
      <div className="body">
        <Problem>{messageOf(children.error)}</Problem>
      </div>
    );
  if (!children.data) return <Bones rows={3} />;
  if (children.data.length === 0)
    return (
      <Empty icon={Network} title="No child runs">
        <p>Subflows, agents and listeners run as children, each with a ledger of its own.</p>
      </Empty>
    );
  return (
    <div className="table-frame">
      <table className="table runs">
        <tbody>
          {children.data.map((child) => (
            <RunRow key={child.run_id} run={child} />
          ))}
        </tbody>
      </table>
    </div>
  );
}
