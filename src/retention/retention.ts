import type { Clock } from "#core/time.ts";
import type { Ledger } from "#ledger/ledger.ts";

/** Removes what nobody needs any more. Decides over the whole store, for all users. */
export interface Retention {
  /** One sweep at a time: a second one waits for the first. With `isDryRun` nothing is changed. */
  sweep(options?: SweepOptions): Promise<Sweep>;
}

export interface SweepOptions {
  isDryRun?: boolean;
  /** Other ages than the configured ones, for this sweep. */
  policy?: Partial<RetentionPolicy>;
  signal?: AbortSignal;
}

/** Ages in days; 0 keeps for ever. */
export interface RetentionPolicy {
  /** Ended runs with everything that hangs on them. */
  runsDays: number;
  /** States of ended runs between the first and the last. */
  statesDays: number;
  /** Artifacts that belong to no run and that nobody mentions. */
  artifactsDays: number;
  /** Draft tests without a time of their own, seconds. */
  draftTtlS: number;
}

export interface Sweep {
  dry_run: boolean;
  /** Expired draft tests, and ended runs that are old enough; with their artifacts and workspaces. */
  drafts: RunsFreed;
  runs: RunsFreed;
  states: { runs: number; bytes: number };
  /** Artifacts without a run. */
  artifacts: { count: number; bytes: number };
  /** Files of artifacts that are gone, and what interrupted writes left. */
  blobs: { count: number; bytes: number };
  /** Folders of runs that are gone. */
  workspaces: { count: number; bytes: number };
}

export interface RunsFreed {
  runs: number;
  ledger_records: number;
  artifacts: number;
  bytes: number;
  artifact_bytes: number;
}

export interface RetentionDependencies {
  ledger: Ledger;
  /** Folder of artifacts on disk; null when they lie elsewhere. */
  artifactsDir: string | null;
  workspacesDir: string;
  policy: RetentionPolicy;
  now: Clock;
}

/** What is on its way into a commit, or was made a moment ago, is left alone. */
export const graceMs = 3_600_000;
export const dayMs = 86_400_000;

/** Others get their turn between two pieces of work. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
