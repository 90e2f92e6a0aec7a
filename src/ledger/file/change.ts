import type { ArtifactReads, Lease } from "#ledger/ledger.ts";
import type { StoredStateLine } from "#ledger/file/stored-run.ts";

/**
 * What one commit did, fully decided: numbers given, outcomes chosen. The same function applies it right after its commit and when the
 * journal is replayed. Documents are JSON text made when the caller handed them over, so nobody can change them behind the journal.
 */
export type Change =
  | { do: "start"; no: number; run: string; vars: string }
  | RunChange
  /** Records about a run that has ended. */
  | { do: "note"; run_id: string; head_hash: string | null; records: string[] }
  | { do: "mail"; run_id: string; id: number; body: string; command_seq: number | null }
  | { do: "command"; row: string }
  | { do: "outcome"; seq: number; outcome: string; applied_at: string }
  | { do: "artifact"; row: string }
  | { do: "artifact_access"; reads: ArtifactReads[] }
  | { do: "memory"; no: number; row: string }
  | { do: "start_key"; row: string }
  | { do: "lease"; lease: Lease }
  | { do: "delete_artifacts"; ids: string[] }
  /** The states of an ended run are now these two. */
  | { do: "compact"; run_id: string; first: StoredStateLine; last: StoredStateLine }
  /** The heir gets the artifacts: a fork, whose vars may refer to them. Those of other runtimes than the run's stay. */
  | { do: "delete"; run_id: string; runtime_id?: string; heir: string | null };

export interface RunChange {
  do: "update";
  run_id: string;
  head_hash: string | null;
  epoch: number;
  progress: string;
  records: string[];
  /** At most one of the two. A snapshot stands for the delta of the same update. */
  delta: string | null;
  snapshot: string | null;
  consumed: number[];
  listens: string[];
}

/** Everything that became durable with one flush. Numbers have no gaps. */
export interface Group {
  group: number;
  changes: Change[];
}
