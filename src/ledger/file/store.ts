import { join } from "node:path";
import type { RunIdentity, RunProgress } from "#core/run.ts";
import { noChange, writesState } from "#ledger/batch-rules.ts";
import type { Lease } from "#ledger/ledger.ts";
import { ArtifactAccessTable } from "#ledger/file/artifact-access-table.ts";
import { ArtifactTable } from "#ledger/file/artifact-table.ts";
import type { Change, Group, RunChange } from "#ledger/file/change.ts";
import { CommandTable } from "#ledger/file/command-table.ts";
import { damaged } from "#ledger/file/file-error.ts";
import { RunFiles } from "#ledger/file/run-files.ts";
import { RunIndex } from "#ledger/file/run-index.ts";
import { StartKeyTable } from "#ledger/file/start-key-table.ts";
import type { StoreDocument } from "#ledger/file/store-document.ts";
import { type StoredRun, bornRun, positionIn, tailOf } from "#ledger/file/stored-run.ts";
import { Table } from "#ledger/file/table.ts";

/** Numbers that were given out last. */
export interface Counters {
  run_no: number;
  mail_id: number;
  command_seq: number;
  memory_no: number;
}

/** Everything that is durable: in memory what finds it, in files the rest. Changes only through `apply`. */
export class Store {
  readonly folder: string;
  readonly runs = new RunIndex();
  readonly files: RunFiles;
  readonly commands: CommandTable;
  readonly artifacts: ArtifactTable;
  readonly artifactAccess: ArtifactAccessTable;
  readonly startKeys: StartKeyTable;
  /** Entries of the memory log by their numbers, which have no gaps. */
  readonly memory: Table;
  readonly leases: Map<string, Lease>;
  readonly counters: Counters;
  /** The last group that was applied. */
  group: number;
  /** The group that the journal begins with. */
  readonly replayFrom: number;
  /** Runs that have changes which their files do not have. */
  readonly changed = new Set<StoredRun>();
  /** Ids of deleted runs whose files are still there. */
  readonly removed = new Set<string>();
  /** Group up to which the files of the tables are current. */
  #tablesApplied: number;
  /** Changes of runs that are not there: a replay may meet them before it meets the deletion. */
  #unclaimed = new Set<string>();

  constructor(folder: string, document: StoreDocument) {
    this.folder = folder;
    this.files = new RunFiles(join(folder, "runs"));
    this.commands = new CommandTable(folder, document.tables["commands"]);
    this.artifacts = new ArtifactTable(folder, document.tables["artifacts"]);
    this.artifactAccess = new ArtifactAccessTable(folder, document.tables["artifact-access"]);
    this.startKeys = new StartKeyTable(folder, document.tables["start-keys"]);
    this.memory = new Table(folder, "memory", document.tables["memory"]);
    this.leases = new Map(document.leases.map((lease) => [lease.name, lease]));
    this.counters = { ...document.counters };
    this.group = document.applied;
    this.replayFrom = document.replay_from;
    this.#tablesApplied = document.applied;
  }

  get tables(): Record<string, Table> {
    return {
      commands: this.commands.table,
      artifacts: this.artifacts.table,
      "artifact-access": this.artifactAccess.table,
      "start-keys": this.startKeys.table,
      memory: this.memory,
    };
  }

  /** Ids of runs that the journal changes and that are nowhere. Empty in a sound store. */
  get unclaimed(): ReadonlySet<string> {
    return this.#unclaimed;
  }

  close(): void {
    for (const table of Object.values(this.tables)) table.close();
  }

  apply({ group, changes }: Group): void {
    for (const change of changes) this.#apply(change, group);
    this.group = Math.max(this.group, group);
  }

  #apply(change: Change, group: number): void {
    if (change.do === "start") this.#start(change, group);
    else if (change.do === "update") this.#update(change, group);
    else if (change.do === "note") this.#note(change, group);
    else if (change.do === "mail") this.#post(change, group);
    else if (change.do === "compact") this.#compact(change, group);
    else if (change.do === "delete") this.#delete(change, group);
    else if (group > this.#tablesApplied) this.#applyToTables(change);
  }

  #applyToTables(change: Exclude<Change, { do: "start" | "update" | "note" | "mail" | "compact" | "delete" }>): void {
    if (change.do === "command") {
      this.commands.add(change.row);
      this.counters.command_seq = Math.max(this.counters.command_seq, (JSON.parse(change.row) as { seq: number }).seq);
    } else if (change.do === "outcome") this.commands.settle(change.seq, change.outcome, change.applied_at);
    else if (change.do === "artifact") this.artifacts.put(change.row);
    else if (change.do === "artifact_access") this.artifactAccess.add(change.reads);
    else if (change.do === "lease") this.leases.set(change.lease.name, change.lease);
    else if (change.do === "memory") {
      this.memory.put(String(change.no), change.row);
      this.counters.memory_no = change.no;
    } else if (change.do === "start_key") this.startKeys.add(change.row);
    else {
      this.artifacts.remove(change.ids);
      this.artifactAccess.remove(change.ids);
    }
  }

  #start({ no, run: text, vars }: Extract<Change, { do: "start" }>, group: number): void {
    this.counters.run_no = Math.max(this.counters.run_no, no);
    const run = bornRun(no, JSON.parse(text) as RunIdentity & RunProgress);
    if (this.#isIn(this.runs.get(run.runId), group)) return;
    if (this.runs.get(run.runId)) throw damaged(`run '${run.runId}' is started twice`);
    this.runs.add(run);
    const tail = this.#tail(run, group);
    tail.base = text;
    tail.states.push({ no: 0, seq: 0, isSnapshot: true, json: vars, ...positionIn(text) });
  }

  #update(change: RunChange, group: number): void {
    const run = this.#changing(change.run_id, group);
    if (!run) return;
    const tail = this.#tail(run, group);
    tail.records.push(...change.records);
    tail.progress = change.progress;
    run.head += change.records.length;
    run.headHash = change.head_hash ?? run.headHash;
    run.epoch = change.epoch;
    if (writesState({ ...change, records: change.records.length })) {
      const json = change.snapshot ?? change.delta ?? noChange;
      const isSnapshot = change.snapshot !== null;
      tail.states.push({ no: ++run.stateNo, seq: run.head, isSnapshot, json, ...positionIn(change.progress) });
    }
    for (const id of change.consumed) run.mail.delete(id);
    for (const key of change.listens) this.runs.listen(run, key);
    this.runs.move(run, JSON.parse(change.progress) as RunProgress);
  }

  #note({ run_id, head_hash, records }: Extract<Change, { do: "note" }>, group: number): void {
    const run = this.#changing(run_id, group);
    if (!run) return;
    this.#tail(run, group).records.push(...records);
    run.head += records.length;
    run.headHash = head_hash ?? run.headHash;
  }

  #post({ run_id, id, body, command_seq }: Extract<Change, { do: "mail" }>, group: number): void {
    this.counters.mail_id = Math.max(this.counters.mail_id, id);
    const run = this.#changing(run_id, group);
    if (!run) return;
    run.mail.set(id, { body, commandSeq: command_seq });
    this.#tail(run, group);
  }

  #compact({ run_id, first, last }: Extract<Change, { do: "compact" }>, group: number): void {
    const run = this.#changing(run_id, group);
    if (!run) return;
    const tail = this.#tail(run, group);
    tail.states = [first, last];
    tail.isCompacted = true;
    run.stateNo = last.no;
  }

  #delete({ run_id: runId, runtime_id: runtimeId, heir }: Extract<Change, { do: "delete" }>, group: number): void {
    this.#unclaimed.delete(runId);
    const run = this.runs.get(runId);
    if (run && !this.#isIn(run, group)) {
      this.runs.remove(run);
      this.changed.delete(run);
    }
    // Of a run that is not there any more a crash may have left files.
    if (!this.runs.get(runId)) this.removed.add(runId);
    if (group <= this.#tablesApplied) return;
    this.startKeys.removeOf(runId);
    this.commands.removeOf(runId);
    if (heir !== null) this.artifacts.bequeath(runId, heir);
    this.artifactAccess.remove(this.artifacts.removeOf(runId, runtimeId ?? null));
  }

  /** The run that a change is for, or null when its files have the change already. */
  #changing(runId: string, group: number): StoredRun | null {
    const run = this.runs.get(runId);
    if (!run) this.#unclaimed.add(runId);
    return this.#isIn(run, group) ? null : run;
  }

  #isIn(run: StoredRun | null, group: number): boolean {
    return group <= (run?.disk?.applied ?? 0);
  }

  #tail(run: StoredRun, group: number): ReturnType<typeof tailOf> {
    this.changed.add(run);
    return tailOf(run, group);
  }
}
