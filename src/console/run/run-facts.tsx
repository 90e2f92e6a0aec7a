import { GitFork, Unplug } from "lucide-react";
import { Link } from "wouter";
import { costOf } from "#console/run/ledger-facts.ts";
import { Figure } from "#console/ui/figure.tsx";
import { Ago, duration } from "#console/ui/time.tsx";
import { isTerminal } from "#core/run.ts";
import type { LedgerEntry, RunSummary } from "#sdk/wire.ts";

interface RunFactsProps {
  run: RunSummary;
  entries: LedgerEntry[];
  isLost: boolean;
}

/** The numbers of a run, in places that stay. */
export function RunFacts({ run, entries, isLost }: RunFactsProps) {
  const { calls, inTokens, outTokens, usd } = costOf(entries);
  const lastMs = Date.parse(
    isTerminal(run.status) ? run.updated_at : (entries.at(-1)?.record.started_at ?? run.updated_at),
  );
  return (
    <dl className="figures numbers">
      <Figure label="Started">
        <Ago at={run.created_at} />
      </Figure>
      <Figure label={isTerminal(run.status) ? "Took" : "Worked for"}>
        {duration(Math.max(0, lastMs - Date.parse(run.created_at)))}
      </Figure>
      <Figure label="Records">
        {entries.length}
        {isLost && <Unplug size={14} aria-label="The line is down; opening it again" />}
      </Figure>
      <Figure label="Model calls">{calls}</Figure>
      <Figure label="Tokens in / out">
        {inTokens.toLocaleString("en")} / {outTokens.toLocaleString("en")}
      </Figure>
      <Figure label="Cost">{usd === null ? "–" : `$${usd.toFixed(usd < 0.01 ? 5 : 2)}`}</Figure>
      <Figure label="Session">
        <span className="mono cut" title={run.session_id ?? ""}>
          {run.session_id ?? "–"}
        </span>
      </Figure>
      <Figure label="Run">
        <span className="mono cut" title={run.run_id}>
          {run.run_id}
        </span>
      </Figure>
      {run.parent_run_id && (
        <Figure label="Parent">
          <Link className="mono" href={`/runs/${run.parent_run_id}`}>
            {run.parent_run_id.slice(0, 8)}
          </Link>
        </Figure>
      )}
      {run.forked_from && (
        <Figure label="Forked from">
          <Link className="mono" href={`/runs/${run.forked_from.run_id}`}>
            <GitFork size={14} aria-hidden="true" /> {run.forked_from.run_id.slice(0, 8)} at {run.forked_from.cursor}
          </Link>
        </Figure>
      )}
    </dl>
  );
}
