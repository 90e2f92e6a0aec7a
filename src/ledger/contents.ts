import type { Command } from "#core/command.ts";
import type { MemoryEvent } from "#core/memory-event.ts";
import type { NewMail } from "#core/mail.ts";
import type { Run } from "#core/run.ts";
import type { ArtifactRow, Position, StartKey } from "#ledger/ledger.ts";

/**
 * Everything that a store of ours holds, for whoever copies it: of a store that nobody works on, read only. AppError `storage` when it cannot
 * be read.
 */
export interface LedgerContents {
  /** Ids in the order of their starts. */
  runIds(): Iterable<string>;
  run(runId: string): ContentsRun | null;
  /** All states, the first one (vars of the start) too, oldest first. */
  states(runId: string): Iterable<ContentsState>;
  /** Records as stored, oldest first. */
  records(runId: string): Iterable<string>;
  /** In the order in which they came. */
  commands(): Iterable<Command>;
  startKeys(): Iterable<StartKey>;
  artifacts(): Iterable<ArtifactRow>;
  memory(): Iterable<MemoryEvent>;
  close(): Promise<void>;
}

export interface ContentsRun {
  run: Run;
  /** Unread, in order. */
  mail: NewMail[];
  listens: string[];
  isCompacted: boolean;
}

export interface ContentsState {
  seq: number;
  isSnapshot: boolean;
  json: string;
  position: Position | null;
}
