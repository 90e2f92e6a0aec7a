import { stat } from "node:fs/promises";
import { ledgerPath } from "#config/ledger-path.ts";
import type { Settings } from "#config/settings.ts";
import { readFileLedger } from "#ledger/file/read-ledger.ts";
import { LedgerProbe } from "#ledger/sqlite/ledger-probe.ts";

/** What a look into a ledger finds, beside a running gateway or without one. Changes nothing. */
export interface Probed {
  path: string;
  bytes: number;
  runs: number;
  /** Time of the last change of any run, ISO. */
  lastUpdate: string | null;
  /** Runs that have ended, and when the oldest was last changed. */
  ended: { count: number; oldest: string | null };
  /** The first thing that is wrong, or null. Undefined: too much to read for a quick look. */
  damage: string | null | undefined;
}

/** The store's own check reads everything. */
const largeLedgerBytes = 500e6;

/** AppError `storage` when the ledger is not ours or cannot be read. */
export async function probeLedger(settings: Settings): Promise<Probed> {
  const path = ledgerPath(settings);
  return settings.storeBackend === "file" ? probeFiles(path) : probeDatabase(path);
}

async function probeDatabase(path: string): Promise<Probed> {
  const probe = new LedgerProbe(path);
  try {
    const bytes = (await stat(path)).size;
    return {
      path,
      bytes,
      runs: probe.runs(),
      lastUpdate: probe.lastUpdate(),
      ended: probe.ended(),
      damage: bytes > largeLedgerBytes ? undefined : probe.damage(),
    };
  } finally {
    probe.close();
  }
}

async function probeFiles(path: string): Promise<Probed> {
  const ledger = await readFileLedger(path, { isStill: false });
  try {
    const { bytes } = await ledger.size();
    const { runs } = await ledger.counts();
    const damage = bytes > largeLedgerBytes ? undefined : await firstProblem(ledger.verify({}));
    return { path, bytes, runs, lastUpdate: ledger.lastUpdate(), ended: ledger.ended(), damage };
  } finally {
    ledger.close();
  }
}

async function firstProblem(problems: AsyncIterable<{ run_id: string; message: string }>): Promise<string | null> {
  for await (const { run_id, message } of problems) return `run ${run_id}: ${message}`;
  return null;
}
