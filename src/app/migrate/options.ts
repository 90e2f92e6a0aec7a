/** What a migration was asked to do; paths are absolute. */
export interface MigrateOptions {
  /** Data folder that is read. */
  dataDir: string;
  /** Folder of its bundles. */
  flowsDir: string;
  /** Kind of the source's store; null: the one that is there. */
  from: StoreKind | null;
  to: StoreKind;
  /** Data folder that is written. */
  targetDir: string;
  /** SQLite file of the target, or of the source where the target is a file store; null: `gateway.sqlite3` in the data folder. */
  dbPath: string | null;
  /** Move aside what is in the target's place. */
  overwrites: boolean;
  dryRun: boolean;
  /** Where the target keeps its users. */
  accounts: { file: string; adminUsesDefaultRuntime: boolean };
}

export const storeKinds = ["file", "sqlite"] as const;
export type StoreKind = (typeof storeKinds)[number];
