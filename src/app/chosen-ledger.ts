import { existsSync } from "node:fs";
import { join } from "node:path";
import { type LedgerPlace, ledgerPath } from "#config/ledger-path.ts";
import { AppError, messageOf } from "#core/errors.ts";
import { systemClock } from "#core/time.ts";
import { requireRestored } from "#ledger/backup/restore-backup.ts";
import { openFileLedger } from "#ledger/file/file-ledger.ts";
import type { Ledger } from "#ledger/ledger.ts";
import { openSqliteLedger } from "#ledger/sqlite/sqlite-ledger.ts";

export interface LedgerOptions {
  /** Another process works on the same data folder. */
  isShared: boolean;
  /** Hears how many batches each commit to the disk held. */
  onCommit?: (batches: number) => void;
  report: (message: string) => void;
  crashPoint?: (name: string) => void;
}

/**
 * Opens the ledger that the settings name, or makes it. AppError `conflict` where the data folder holds runs of the other store, which would
 * seem to be gone, and for a second process on the file store.
 */
export function openChosenLedger(settings: LedgerPlace, options: LedgerOptions): Promise<Ledger> {
  requireRestored(settings.dataDir, ledgerPath(settings));
  requireNoOtherStore(settings);
  const { isShared, onCommit, crashPoint, report } = options;
  const shared = {
    now: systemClock,
    report: (error: unknown) => report(`A listener of the ledger failed: ${messageOf(error)}`),
    ...(onCommit ? { onCommit } : {}),
  };
  if (settings.storeBackend === "sqlite") {
    const wakes = { wakeDir: join(settings.dataDir, "wake"), report };
    return openSqliteLedger({ ...shared, path: settings.dbPath, ...(isShared ? { shared: wakes } : {}) });
  }
  if (isShared) {
    throw new AppError(
      "conflict",
      "The file store serves one process: start `abstractgateway serve` with its runner, or use ABSTRACTGATEWAY_STORE_BACKEND=sqlite",
    );
  }
  return openFileLedger({
    ...shared,
    path: settings.ledgerDir,
    onLag: (error) => report(`The files of the ledger lag behind its journal: ${messageOf(error)}`),
    ...(crashPoint ? { crashPoint } : {}),
  });
}

/** For what only reads: AppError `not_found` when there is no ledger, `conflict` when there is only one of the other store. */
export function requireLedger(place: LedgerPlace): void {
  requireNoOtherStore(place);
  if (!existsSync(ledgerPath(place))) {
    throw new AppError("not_found", `There is no ledger at ${ledgerPath(place)}`);
  }
}

/** AppError `conflict` when only the other store's ledger is there: starting beside it would look like a loss of everything. */
function requireNoOtherStore(settings: LedgerPlace): void {
  const { storeBackend, dataDir } = settings;
  const other = storeBackend === "file" ? "sqlite" : "file";
  const found = ledgerPath({ ...settings, storeBackend: other });
  if (existsSync(ledgerPath(settings)) || !existsSync(found)) return;
  throw new AppError(
    "conflict",
    `${dataDir} holds a ledger of the ${other} store (${found}): start with ABSTRACTGATEWAY_STORE_BACKEND=${other}, or run \`abstractgateway migrate\``,
  );
}
