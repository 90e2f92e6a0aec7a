import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { ListTree, Plus, Search } from "lucide-react";
import { Link } from "wouter";
import { RunRow } from "#console/runs/run-row.tsx";
import { useClient } from "#console/session/session.tsx";
import { Button } from "#console/ui/button.tsx";
import { Bones, Empty } from "#console/ui/empty.tsx";
import { CheckField } from "#console/ui/fields.tsx";
import { PageHead } from "#console/ui/page-head.tsx";
import { SearchField } from "#console/ui/search-field.tsx";
import { Problem, messageOf } from "#console/ui/problem.tsx";
import { useRemembered } from "#console/ui/use-remembered.ts";
import { runStatuses } from "#core/run.ts";
import type { RunSummary } from "#sdk/wire.ts";

interface Filters {
  status: string;
  /** Part of the workflow's name, or of a run's id. */
  text: string;
  session: string;
  rootOnly: boolean;
  shown: number;
}

const noFilters: Filters = { status: "", text: "", session: "", rootOnly: true, shown: 50 };
const refreshMs = 2000;
/** The most that the route gives. */
const mostShown = 500;

export function RunsView() {
  const client = useClient();
  const [filters, setFilters] = useRemembered("runs", noFilters);
  const change = (changes: Partial<Filters>) => setFilters({ ...filters, shown: 50, ...changes });
  const query = {
    limit: filters.shown,
    root_only: filters.rootOnly,
    ...(filters.status ? { status: filters.status } : {}),
    ...(filters.session ? { session_id: filters.session } : {}),
  };
  const runs = useQuery({
    queryKey: ["runs", "list", query],
    queryFn: () => client.list(query),
    refetchInterval: refreshMs,
    placeholderData: keepPreviousData,
  });
  const found = (runs.data ?? []).filter((run) => matches(run, filters.text)).sort(newestFirst);
  const isFiltered = filters.status !== "" || filters.text !== "" || filters.session !== "";
  return (
    <div className="stack">
      <PageHead title="Runs">
        <Link className="button primary" href="/bundles">
          <Plus size={16} />
          Start a run
        </Link>
      </PageHead>
      <FilterBar filters={filters} change={change} />
      {runs.error && <Problem>{messageOf(runs.error)}</Problem>}
      <section className="panel" aria-label="Runs">
        {runs.isPending ? (
          <Bones />
        ) : found.length === 0 ? (
          <NoRuns isFiltered={isFiltered} onClear={() => setFilters(noFilters)} />
        ) : (
          <RunTable runs={found} />
        )}
      </section>
      {(runs.data?.length ?? 0) >= filters.shown && filters.shown < mostShown && (
        <Button onClick={() => setFilters({ ...filters, shown: Math.min(mostShown, filters.shown * 2) })}>
          Show more
        </Button>
      )}
    </div>
  );
}

/** By their beginning, which does not change: a run that moves stays where it is. */
function newestFirst(a: RunSummary, b: RunSummary): number {
  return a.created_at < b.created_at ? 1 : -1;
}

function matches({ workflow_id, run_id }: RunSummary, text: string): boolean {
  const wanted = text.trim().toLowerCase();
  return wanted === "" || workflow_id.toLowerCase().includes(wanted) || run_id.startsWith(wanted);
}

function FilterBar({ filters, change }: { filters: Filters; change: (changes: Partial<Filters>) => void }) {
  return (
    <div className="filters">
      <div className="segments wide" role="group" aria-label="Status">
        {["", ...runStatuses].map((status) => (
          <button
            key={status}
            type="button"
            aria-pressed={filters.status === status}
            onClick={() => change({ status })}
          >
            {status || "all"}
          </button>
        ))}
      </div>
      <SearchField
        label="Flow or run"
        placeholder="Flow or run"
        value={filters.text}
        onChange={(text) => change({ text })}
      />
      <input
        className="input session"
        type="search"
        aria-label="Session"
        placeholder="Session"
        value={filters.session}
        onChange={(event) => change({ session: event.target.value.trim() })}
      />
      <CheckField label="No child runs" checked={filters.rootOnly} onChange={(rootOnly) => change({ rootOnly })} />
    </div>
  );
}

function RunTable({ runs }: { runs: RunSummary[] }) {
  return (
    <div className="table-frame">
      <table className="table runs">
        <thead>
          <tr>
            <th scope="col">Status</th>
            <th scope="col">Flow</th>
            <th scope="col">Where it stands</th>
            <th scope="col" className="number">
              Records
            </th>
            <th scope="col" className="number">
              Started
            </th>
            <th scope="col">Run</th>
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <RunRow key={run.run_id} run={run} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function NoRuns({ isFiltered, onClear }: { isFiltered: boolean; onClear: () => void }) {
  if (isFiltered)
    return (
      <Empty icon={Search} title="No run matches">
        <Button onClick={onClear}>Show all runs</Button>
      </Empty>
    );
  return (
    <Empty icon={ListTree} title="Nothing has run yet">
      <p>A run is a flow at work. Start one of the bundles that are installed, or from a terminal:</p>
      <code>abstractgateway run hello --input name=Ada</code>
      <Link className="button primary" href="/bundles">
        Choose a bundle
      </Link>
    </Empty>
  );
}
