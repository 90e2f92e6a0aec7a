import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useDeferredValue } from "react";
import { useClient } from "#console/session/session.tsx";
import { Bones } from "#console/ui/empty.tsx";
import { JsonView } from "#console/ui/json-view.tsx";
import { Problem, messageOf } from "#console/ui/problem.tsx";
import { StatusBadge } from "#console/ui/status-badge.tsx";

/** The run's vars after a record. */
export function StateTab({ runId, cursor }: { runId: string; cursor: number }) {
  const client = useClient();
  const at = useDeferredValue(cursor);
  const state = useQuery({
    queryKey: ["run", runId, "state", at],
    queryFn: () => client.history.stateAt(runId, at),
    placeholderData: keepPreviousData,
    staleTime: 60_000,
  });
  if (state.error)
    return (
      <div className="body">
        <Problem>{messageOf(state.error)}</Problem>
      </div>
    );
  if (!state.data) return <Bones rows={4} />;
  return (
    <div className="body stack">
      <div className="row small">
        <StatusBadge status={state.data.status} />
        <span>
          at <strong>{state.data.node_id}</strong>
        </span>
        {state.data.cursor !== at && <span className="quiet">as of the commit at record {state.data.cursor}</span>}
      </div>
      <JsonView value={state.data.vars} />
    </div>
  );
}
