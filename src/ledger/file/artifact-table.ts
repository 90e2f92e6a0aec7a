import { parseObject, stringifyJson } from "#core/json.ts";
import type { ArtifactRow } from "#ledger/ledger.ts";
import { Table, type TableState } from "#ledger/file/table.ts";

interface Owner {
  runId: string | null;
  runtimeId: string;
}

/** The rows of all artifacts, by id and by run. */
export class ArtifactTable {
  readonly table: Table;
  #owners = new Map<string, Owner>();
  #byRun = new Map<string, Set<string>>();

  constructor(folder: string, state: TableState | undefined) {
    this.table = new Table(folder, "artifacts", state);
  }

  load(): void {
    this.table.load((key, row) => {
      if (row === null) this.#forget(key);
      else this.#note(row as ArtifactRow);
    });
  }

  /** The same id is one row: the last one, but never that of another runtime. */
  put(row: string): void {
    const artifact = JSON.parse(row) as ArtifactRow;
    const owner = this.#owners.get(artifact.artifact_id);
    if (owner && owner.runtimeId !== artifact.runtime_id) return;
    this.table.put(artifact.artifact_id, row);
    this.#note(artifact);
  }

  get(artifactId: string, runtimeId: string | null): ArtifactRow | null {
    if (!this.#isOf(artifactId, runtimeId)) return null;
    const row = this.table.get(artifactId);
    return row === null ? null : (parseObject(row) as unknown as ArtifactRow);
  }

  list(
    runId: string,
    { runtimeId, limit, offset }: { runtimeId: string | null; limit: number; offset: number },
  ): { items: ArtifactRow[]; total: number } {
    const ids = [...(this.#byRun.get(runId) ?? [])].filter((id) => this.#isOf(id, runtimeId));
    const items = ids.slice(offset, offset + limit).flatMap((id) => this.get(id, runtimeId) ?? []);
    return { items, total: ids.length };
  }

  countOf(runId: string): number {
    return this.#byRun.get(runId)?.size ?? 0;
  }

  bequeath(runId: string, heir: string): void {
    for (const id of [...(this.#byRun.get(runId) ?? [])]) {
      const row = this.get(id, null);
      if (row) this.put(stringifyJson({ ...row, run_id: heir }));
    }
  }

  removeOf(runId: string): void {
    for (const id of this.#byRun.get(runId) ?? []) {
      this.table.put(id, null);
      this.#forget(id);
    }
  }

  #isOf(artifactId: string, runtimeId: string | null): boolean {
    const owner = this.#owners.get(artifactId);
    return owner !== undefined && (runtimeId === null || owner.runtimeId === runtimeId);
  }

  #note({ artifact_id, run_id, runtime_id }: ArtifactRow): void {
    const before = this.#owners.get(artifact_id);
    if (before && before.runId !== run_id) this.#forget(artifact_id);
    this.#owners.set(artifact_id, { runId: run_id, runtimeId: runtime_id });
    if (run_id === null) return;
    const ofRun = this.#byRun.get(run_id);
    if (ofRun) ofRun.add(artifact_id);
    else this.#byRun.set(run_id, new Set([artifact_id]));
  }

  #forget(artifactId: string): void {
    const runId = this.#owners.get(artifactId)?.runId ?? null;
    this.#owners.delete(artifactId);
    if (runId === null) return;
    this.#byRun.get(runId)?.delete(artifactId);
    if (this.#byRun.get(runId)?.size === 0) this.#byRun.delete(runId);
  }
}
