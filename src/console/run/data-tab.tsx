import { useQuery } from "@tanstack/react-query";
import { ScrollText } from "lucide-react";
import { outputOf } from "#console/run/ledger-facts.ts";
import { useClient } from "#console/session/session.tsx";
import { Button } from "#console/ui/button.tsx";
import { Bones } from "#console/ui/empty.tsx";
import { JsonView } from "#console/ui/json-view.tsx";
import { Problem, messageOf } from "#console/ui/problem.tsx";
import { useAction } from "#console/ui/use-action.ts";
import { isTerminal } from "#core/run.ts";
import type { LedgerEntry, RunSummary } from "#sdk/wire.ts";

export function DataTab({ run, entries }: { run: RunSummary; entries: LedgerEntry[] }) {
  const client = useClient();
  const input = useQuery({
    queryKey: ["run", run.run_id, "input"],
    queryFn: () => client.history.input(run.run_id),
    staleTime: 60_000,
  });
  const output = outputOf(entries);
  return (
    <div className="body columns">
      <section className="stack">
        <h3>Input</h3>
        {input.error && <Problem>{messageOf(input.error)}</Problem>}
        {input.data ? <JsonView value={input.data.input_data} /> : !input.error && <Bones rows={3} />}
      </section>
      <section className="stack">
        <h3>Output</h3>
        {output === undefined ? (
          <p className="quiet">{isTerminal(run.status) ? "None." : "It comes when the run has completed."}</p>
        ) : (
          <JsonView value={output} />
        )}
      </section>
      <Summary runId={run.run_id} />
    </div>
  );
}

function Summary({ runId }: { runId: string }) {
  const client = useClient();
  const summary = useAction({ run: () => client.history.summary(runId) });
  return (
    <section className="stack">
      <h3>Summary</h3>
      {summary.data === undefined ? (
        <div>
          <Button size="small" disabled={summary.isPending} onClick={() => summary.mutate()}>
            <ScrollText size={15} />
            {summary.isPending ? "Asking a model…" : "Let a model tell what happened"}
          </Button>
        </div>
      ) : (
        <p className="asked">{summary.data}</p>
      )}
    </section>
  );
}
