/** A run as the Python gateway stored it: its JSON text, or what is wrong with it. */
export type StoredRun = { runId: string; text: string };

/** A text of a ledger or of the command inbox, and where it stands (for sentences about it). */
export interface StoredLine {
  text: string;
  /** `line 7`, `seq 7` */
  place: string;
  /** Last of its file: a process that died over it may have left the half of it. */
  isLast: boolean;
}

/**
 * One data folder of the Python gateway, read only: nothing in it is written, locked or created (contract http-api 4.2, 4.3).
 * AppError `storage` with one sentence when it cannot be read.
 */
export interface PythonStore {
  kind: "file" | "sqlite";
  runs(): AsyncIterable<StoredRun>;
  /** One run's text; null when it is not there. */
  run(runId: string): Promise<string | null>;
  records(runId: string): AsyncIterable<StoredLine>;
  commands(): AsyncIterable<StoredLine>;
  /** Commands up to this `seq` were applied. */
  commandCursor(): Promise<number>;
  /** Ids of ledgers that no run belongs to. */
  orphans(): Promise<string[]>;
  close(): Promise<void>;
}
