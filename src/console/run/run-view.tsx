import { useQuery, useQueryClient } from "@tanstack/react-query";
import * as Tabs from "@radix-ui/react-tabs";
import { Suspense, lazy, useEffect, useState } from "react";
import { WaitCard } from "#console/inbox/wait-card.tsx";
import { isForPeople } from "#console/inbox/use-waiting.ts";
import { ArtifactsTab } from "#console/run/artifacts-tab.tsx";
import { ChildrenTab } from "#console/run/children-tab.tsx";
import { CursorBar } from "#console/run/cursor-bar.tsx";
import { DataTab } from "#console/run/data-tab.tsx";
import { LedgerTab } from "#console/run/ledger-tab.tsx";
import { RunActions } from "#console/run/run-actions.tsx";
import { RunFacts } from "#console/run/run-facts.tsx";
import { StateTab } from "#console/run/state-tab.tsx";
import { TimelineTab } from "#console/run/timeline-tab.tsx";
import { type FollowedLedger, useLedger } from "#console/run/use-ledger.ts";
import { nameOf, partsOf } from "#console/runs/workflow-name.tsx";
import { useClient } from "#console/session/session.tsx";
import { Bones } from "#console/ui/empty.tsx";
import { PageHead } from "#console/ui/page-head.tsx";
import { Problem, messageOf } from "#console/ui/problem.tsx";
import { StatusBadge } from "#console/ui/status-badge.tsx";
import { useRemembered } from "#console/ui/use-remembered.ts";
import { isTerminal } from "#core/run.ts";
import type { RunSummary } from "#sdk/wire.ts";

const GraphTab = lazy(async () => ({ default: (await import("#console/run/graph-tab.tsx")).GraphTab }));

const safetyMs = 5000;

export function RunView({ runId }: { runId: string }) {
  const client = useClient();
  const queries = useQueryClient();
  const ledger = useLedger(runId);
  const run = useQuery({
    queryKey: ["run", runId],
    queryFn: () => client.get(runId),
    // A pause leaves no record; everything else comes with one.
    refetchInterval: ({ state }) => (state.data && isTerminal(state.data.status) ? false : safetyMs),
  });
  const head = ledger.entries.length;
  useEffect(() => {
    if (head > 0 || ledger.isDone) void queries.invalidateQueries({ queryKey: ["run", runId] });
  }, [queries, runId, head, ledger.isDone]);
  if (run.error && !run.data) return <Problem>{messageOf(run.error)}</Problem>;
  if (!run.data) return <Bones />;
  return <Shown run={run.data} ledger={ledger} />;
}

function Shown({ run, ledger }: { run: RunSummary; ledger: FollowedLedger }) {
  const { version } = partsOf(run.workflow_id);
  return (
    <div className="stack run">
      <PageHead
        title={nameOf(run.workflow_id)}
        beside={
          <>
            <StatusBadge status={run.status} paused={run.paused} />
            {version && <span className="tag">{version}</span>}
          </>
        }
      >
        <RunActions run={run} head={ledger.entries.length} />
      </PageHead>
      {run.error && <Problem>{run.error}</Problem>}
      {ledger.error !== null && <Problem>{messageOf(ledger.error)}</Problem>}
      {isForPeople(run) && <WaitCard run={run} />}
      <RunFacts run={run} entries={ledger.entries} isLost={ledger.isLost} />
      <RunTabs run={run} ledger={ledger} />
    </div>
  );
}

const tabNames = ["graph", "timeline", "ledger", "state", "data", "artifacts", "children"] as const;
const labels: Record<(typeof tabNames)[number], string> = {
  graph: "Graph",
  timeline: "Timeline",
  ledger: "Ledger",
  state: "State",
  data: "Input and output",
  artifacts: "Artifacts",
  children: "Child runs",
};

function RunTabs({ run, ledger: { entries } }: { run: RunSummary; ledger: FollowedLedger }) {
  const [{ tab }, setTab] = useRemembered("run-tab", { tab: "graph" });
  /** Null follows the run. */
  const [pinned, setPinned] = useState<number | null>(null);
  const head = entries.length;
  const cursor = pinned === null ? head : Math.min(pinned, head);
  const bar = <CursorBar head={head} cursor={cursor} isLive={pinned === null} onChange={setPinned} />;
  return (
    <Tabs.Root value={tab} onValueChange={(tab) => setTab({ tab })} className="panel">
      <Tabs.List className="tabs" aria-label="Parts of the run">
        {tabNames.map((name) => (
          <Tabs.Trigger key={name} value={name}>
            {labels[name]}
          </Tabs.Trigger>
        ))}
      </Tabs.List>
      <Tabs.Content value="graph">
        {bar}
        <Suspense fallback={<div className="graph" />}>
          <GraphTab run={run} entries={entries} cursor={cursor} />
        </Suspense>
      </Tabs.Content>
      <Tabs.Content value="timeline">
        <TimelineTab entries={entries} />
      </Tabs.Content>
      <Tabs.Content value="ledger">
        <LedgerTab entries={entries} />
      </Tabs.Content>
      <Tabs.Content value="state">
        {bar}
        <StateTab runId={run.run_id} cursor={cursor} />
      </Tabs.Content>
      <Tabs.Content value="data">
        <DataTab run={run} entries={entries} />
      </Tabs.Content>
      <Tabs.Content value="artifacts">
        <ArtifactsTab run={run} head={head} />
      </Tabs.Content>
      <Tabs.Content value="children">
        <ChildrenTab run={run} head={head} />
      </Tabs.Content>
    </Tabs.Root>
  );
}
