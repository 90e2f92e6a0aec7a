import type { Settings } from "#config/settings.ts";

export type LedgerPlace = Pick<Settings, "dataDir" | "dbPath" | "ledgerDir" | "storeBackend">;

/** The file or the folder of the ledger that the settings name. */
export function ledgerPath({ storeBackend, dbPath, ledgerDir }: LedgerPlace): string {
  return storeBackend === "file" ? ledgerDir : dbPath;
}
