import type { RunStatus } from "#core/run.ts";
import type { MigratedRun } from "#migrate/source.ts";

/** What a data folder holds. */
export interface Contents {
  runs: number;
  by_status: Partial<Record<RunStatus, number>>;
  schedules: number;
  records: number;
  commands: { applied: number; waiting: number };
  artifacts: number;
  /** Entries of the memory log. */
  memory: number;
  /** Bundles that are installed, and those that only runs keep. */
  bundles: { installed: number; kept: number };
}

export function countRun(contents: Contents, migrated: MigratedRun | null): void {
  if (!migrated) return;
  const { status, schedule_id: schedule } = migrated.run;
  contents.runs += 1;
  contents.by_status[status] = (contents.by_status[status] ?? 0) + 1;
  if (schedule !== null) contents.schedules += 1;
}

export function noContents(): Contents {
  return {
    runs: 0,
    by_status: {},
    schedules: 0,
    records: 0,
    commands: { applied: 0, waiting: 0 },
    artifacts: 0,
    memory: 0,
    bundles: { installed: 0, kept: 0 },
  };
}
