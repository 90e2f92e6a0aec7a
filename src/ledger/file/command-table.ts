import type { Command, CommandOutcome, CommandType } from "#core/command.ts";
import { parseJson, stringifyJson } from "#core/json.ts";
import { Table, type TableState } from "#ledger/file/table.ts";

/** What is known of a command without reading its row. */
type Known = Pick<Command, "seq" | "command_id" | "principal" | "run_id" | "type">;

/** All commands by their place in the inbox, and the ways to find them. */
export class CommandTable {
  readonly table: Table;
  #known = new Map<number, Known>();
  #byId = new Map<string, number[]>();
  #byRun = new Map<string, Set<number>>();
  /** Without an outcome, in order. */
  #open = new Map<number, CommandType>();

  constructor(folder: string, state: TableState | undefined) {
    this.table = new Table(folder, "commands", state);
  }

  load(): void {
    this.table.load((key, row) => {
      if (row === null) this.#forget(Number(key));
      else this.#note(row as Command);
    });
  }

  add(row: string): void {
    const command = JSON.parse(row) as Command;
    this.table.put(String(command.seq), row);
    this.#note(command);
  }

  /** The first outcome stays. */
  settle(seq: number, outcome: string, appliedAt: string): void {
    if (!this.#open.has(seq)) return;
    const command = this.#read(seq);
    command.outcome = parseJson(outcome) as unknown as CommandOutcome;
    command.applied_at = appliedAt;
    this.table.put(String(seq), stringifyJson(command));
    this.#open.delete(seq);
  }

  isOpen(seq: number): boolean {
    return this.#open.has(seq);
  }

  /** The first command with this id, of one principal or of anyone. */
  find(commandId: string, principal?: string): number | null {
    const seqs = this.#byId.get(commandId) ?? [];
    return seqs.find((seq) => principal === undefined || this.#known.get(seq)?.principal === principal) ?? null;
  }

  get(commandId: string, principal?: string): Command | null {
    const seq = this.find(commandId, principal);
    return seq === null ? null : this.#read(seq);
  }

  pendingEmits(limit: number): Command[] {
    const found: Command[] = [];
    for (const [seq, type] of this.#open) {
      if (found.length === limit) break;
      if (type === "emit_event") found.push(this.#read(seq));
    }
    return found;
  }

  /** Those without an outcome. */
  *open(): Generator<Command> {
    for (const seq of this.#open.keys()) yield this.#read(seq);
  }

  /** In the order in which they came. */
  *all(): Generator<Command> {
    for (const seq of [...this.#known.keys()].toSorted((one, other) => one - other)) yield this.#read(seq);
  }

  countOf(runId: string): number {
    return this.#byRun.get(runId)?.size ?? 0;
  }

  removeOf(runId: string): void {
    for (const seq of this.#byRun.get(runId) ?? []) {
      this.table.put(String(seq), null);
      this.#forget(seq);
    }
  }

  #read(seq: number): Command {
    return parseJson(this.table.get(String(seq)) ?? "null") as unknown as Command;
  }

  #note({ seq, command_id, principal, run_id, type, applied_at }: Command): void {
    if (applied_at === null) this.#open.set(seq, type);
    else this.#open.delete(seq);
    if (this.#known.has(seq)) return;
    this.#known.set(seq, { seq, command_id, principal, run_id, type });
    this.#byId.set(command_id, [...(this.#byId.get(command_id) ?? []), seq]);
    const ofRun = this.#byRun.get(run_id);
    if (ofRun) ofRun.add(seq);
    else this.#byRun.set(run_id, new Set([seq]));
  }

  #forget(seq: number): void {
    const known = this.#known.get(seq);
    if (!known) return;
    this.#known.delete(seq);
    this.#open.delete(seq);
    const rest = (this.#byId.get(known.command_id) ?? []).filter((other) => other !== seq);
    if (rest.length > 0) this.#byId.set(known.command_id, rest);
    else this.#byId.delete(known.command_id);
    this.#byRun.get(known.run_id)?.delete(seq);
    if (this.#byRun.get(known.run_id)?.size === 0) this.#byRun.delete(known.run_id);
  }
}
