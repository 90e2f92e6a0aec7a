import type { NewCommand } from "#core/command.ts";
import type { RunIdentity, RunProgress, Wait } from "#core/run.ts";
import type { ArtifactRow, StartKey } from "#ledger/ledger.ts";
import type { MemoryEvent } from "#core/memory-event.ts";
import type { NewMail } from "#core/mail.ts";

/** What a data folder holds, in the form in which our ledger takes it. Read only; everything can be read more than once. */
export interface MigrationSource {
  /** For people: "the Python gateway's file store". */
  name: string;
  /** Ids in the order in which the runs are written: parents before their children. */
  runIds(): Promise<string[]>;
  /** Null when nothing of the run can be kept; why is among the warnings. */
  run(runId: string): Promise<MigratedRun | null>;
  /** Records without their chain fields, oldest first: `{…}` as it will be stored. */
  records(runId: string): AsyncIterable<string>;
  /** Those without `past` were accepted and not applied: they are applied here. In the order in which they came. */
  commands(): AsyncIterable<NewCommand>;
  artifacts(): AsyncIterable<MigratedArtifact>;
  bundles(): AsyncIterable<MigratedBundle>;
  /** Keys under which starts are known, so that a repeated one starts nothing. */
  startKeys(): AsyncIterable<StartKey>;
  /** The memory log, oldest first. */
  memory(): AsyncIterable<MemoryEvent>;
  close(): Promise<void>;
}

export interface MigratedRun {
  run: RunIdentity & RunProgress;
  /** Vars that the run was started with, JSON text. */
  startVars: string;
  /** Where it stood then. */
  startPosition: { node_id: string; wait: Wait | null };
  /** States after the first one, oldest first. Can be read more than once. */
  states(): AsyncIterable<MigratedState>;
  /** All states between the first and the last one were given up. */
  isCompacted: boolean;
  /** Event keys that the run listens on. */
  listens: string[];
  /** Unread mail. */
  mail: NewMail[];
}

export interface MigratedState {
  /** Last record that it stands behind; null: all of them. */
  seq: number | null;
  /** The vars, or their changes (`Op[]`), JSON text. */
  json: string;
  isSnapshot: boolean;
  /** Null where it is not known. */
  position: { node_id: string; wait: Wait | null } | null;
}

export interface MigratedArtifact {
  row: ArtifactRow;
  /** File of its bytes, or null when they are missing or damaged. */
  path: string | null;
}

export interface MigratedBundle {
  digest: string;
  archive: Uint8Array;
  /** `id@version` when it is installed; null: only runs keep it. */
  installedAs: string | null;
}
