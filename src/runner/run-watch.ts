import type { RunIdentity, RunProgress } from "#core/run.ts";
import type { JsonObject } from "#core/value.ts";
import type { NewRun } from "#ledger/ledger.ts";

/** A run as one commit leaves it. */
export interface RunMoment {
  kind: "started" | "changed";
  run: RunIdentity;
  progress: RunProgress;
  vars: JsonObject;
  /** The commit begins a wait; a later one may show the same wait again. */
  beginsWait: boolean;
}

/** Whoever is told of what becomes of runs. */
export interface RunWatch {
  /** Runs that become durable with the moment, such as deliveries of webhooks. */
  attach?(moment: RunMoment): NewRun[];
  /** The moment is durable. */
  committed?(moment: RunMoment): void;
}

/** Several watches as one; null when there is none, so that nobody pays for asking. */
export function joinWatches(watches: readonly (RunWatch | null)[]): RunWatch | null {
  const all = watches.filter((watch) => watch !== null);
  if (all.length === 0) return null;
  const told = all.filter((watch) => watch.committed);
  return {
    attach: (moment) => all.flatMap((watch) => watch.attach?.(moment) ?? []),
    ...(told.length === 0 ? {} : { committed: (moment) => told.forEach((watch) => watch.committed?.(moment)) }),
  };
}
