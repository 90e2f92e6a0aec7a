import type { StartKey } from "#ledger/ledger.ts";
import { Table, type TableState } from "#ledger/file/table.ts";

/** The keys of starts, which go with their runs. */
export class StartKeyTable {
  readonly table: Table;
  #byRun = new Map<string, string[]>();

  constructor(folder: string, state: TableState | undefined) {
    this.table = new Table(folder, "start-keys", state);
  }

  load(): void {
    const runOf = new Map<string, string>();
    this.table.load((name, row) => {
      if (row === null) runOf.delete(name);
      else runOf.set(name, (row as StartKey).run_id);
    });
    for (const [name, runId] of runOf) this.#note(name, runId);
  }

  add(row: string): void {
    const { key, principal, run_id } = JSON.parse(row) as StartKey;
    const name = pairName(key, principal);
    this.table.put(name, row);
    this.#note(name, run_id);
  }

  find(key: string, principal: string): StartKey | null {
    const row = this.table.get(pairName(key, principal));
    return row === null ? null : (JSON.parse(row) as StartKey);
  }

  *all(): Generator<StartKey> {
    for (const name of [...this.#byRun.values()].flat()) {
      const row = this.table.get(name);
      if (row !== null) yield JSON.parse(row) as StartKey;
    }
  }

  removeOf(runId: string): void {
    for (const name of this.#byRun.get(runId) ?? []) this.table.put(name, null);
    this.#byRun.delete(runId);
  }

  #note(name: string, runId: string): void {
    this.#byRun.set(runId, [...(this.#byRun.get(runId) ?? []), name]);
  }
}

/** One text for two that are unique together. */
export function pairName(id: string, principal: string): string {
  return JSON.stringify([principal, id]);
}
