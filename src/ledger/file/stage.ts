import type { RunStatus } from "#core/run.ts";
import type { StartKey } from "#ledger/ledger.ts";
import type { Change } from "#ledger/file/change.ts";
import { pairName } from "#ledger/file/start-key-table.ts";
import type { Counters, Store } from "#ledger/file/store.ts";

/** What a commit must know of a run before it may touch it. */
export interface StagedRun {
  runtimeId: string;
  status: RunStatus;
  head: number;
  epoch: number;
  stateNo: number;
  /** Unread mail: its id, and its place in the inbox where it is a command. */
  mail: Map<number, number | null>;
}

/**
 * The store as it will be when the changes so far are durable. Batches of one group are staged one upon the other, each on its own, so that a
 * refused one leaves nothing behind. The store itself, and whoever reads it, knows nothing of this.
 */
export class Stage {
  readonly #store: Store;
  readonly #under: Stage | null;
  #runs = new Map<string, StagedRun>();
  #commands = new Map<string, number>();
  /** Commands whose outcome these changes give (false), or that they bring without one (true). */
  #open = new Map<number, boolean>();
  #startKeys = new Map<string, StartKey>();
  #counters: Counters;
  readonly changes: Change[] = [];

  constructor(store: Store, under: Stage | null = null) {
    this.#store = store;
    this.#under = under;
    this.#counters = { ...(under ? under.#counters : store.counters) };
  }

  next(counter: keyof Counters): number {
    return ++this.#counters[counter];
  }

  look(runId: string): StagedRun | null {
    const staged = this.#runs.get(runId);
    if (staged) return staged;
    if (this.#under) return this.#under.look(runId);
    const run = this.#store.runs.get(runId);
    if (!run) return null;
    const mail = new Map([...run.mail].map(([id, { commandSeq }]) => [id, commandSeq]));
    const { runtimeId, status, head, epoch, stateNo } = run;
    return { runtimeId, status, head, epoch, stateNo, mail };
  }

  /** A run that this stage may change. */
  edit(runId: string): StagedRun | null {
    const staged = this.#runs.get(runId);
    if (staged) return staged;
    const seen = this.look(runId);
    if (!seen) return null;
    const own = { ...seen, mail: new Map(seen.mail) };
    this.#runs.set(runId, own);
    return own;
  }

  add(runId: string, { runtimeId, status }: { runtimeId: string; status: RunStatus }): void {
    this.#runs.set(runId, { runtimeId, status, head: 0, epoch: 0, stateNo: 0, mail: new Map() });
  }

  findCommand(commandId: string, principal: string): number | null {
    const seq = this.#commands.get(pairName(commandId, principal));
    if (seq !== undefined) return seq;
    return this.#under
      ? this.#under.findCommand(commandId, principal)
      : this.#store.commands.find(commandId, principal);
  }

  addCommand(command: { commandId: string; principal: string; seq: number; isOpen: boolean }): void {
    this.#commands.set(pairName(command.commandId, command.principal), command.seq);
    if (command.isOpen) this.#open.set(command.seq, true);
  }

  /** Whether a command has no outcome yet. From now on it has one. */
  settle(seq: number): boolean {
    const wasOpen = this.#isOpen(seq);
    if (wasOpen) this.#open.set(seq, false);
    return wasOpen;
  }

  findStartKey(key: string, principal: string): StartKey | null {
    const staged = this.#startKeys.get(pairName(key, principal));
    if (staged) return staged;
    return this.#under ? this.#under.findStartKey(key, principal) : this.#store.startKeys.find(key, principal);
  }

  addStartKey(key: StartKey): void {
    this.#startKeys.set(pairName(key.key, key.principal), key);
  }

  /** Makes this stage part of the one that it stands on. */
  keep(): void {
    const under = this.#under;
    if (!under) return;
    for (const [runId, run] of this.#runs) under.#runs.set(runId, run);
    for (const [name, seq] of this.#commands) under.#commands.set(name, seq);
    for (const [seq, isOpen] of this.#open) under.#open.set(seq, isOpen);
    for (const [name, key] of this.#startKeys) under.#startKeys.set(name, key);
    under.#counters = this.#counters;
    under.changes.push(...this.changes);
  }

  #isOpen(seq: number): boolean {
    const staged = this.#open.get(seq);
    if (staged !== undefined) return staged;
    return this.#under ? this.#under.#isOpen(seq) : this.#store.commands.isOpen(seq);
  }
}
