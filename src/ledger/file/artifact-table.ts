import { parseObject, stringifyJson } from "#core/json.ts";
import { type ArtifactKinds, artifactKinds } from "#ledger/artifact-kinds.ts";
import type { ArtifactRow } from "#ledger/ledger.ts";
import { Table, type TableState } from "#ledger/file/table.ts";

/** What is held in memory of every artifact: enough to find, filter and count it. */
export interface NotedArtifact {
  runId: string | null;
  runtimeId: string;
  blobId: string;
  contentType: string;
  createdAt: string;
  bytes: number;
  sessionId: string | null;
  nodeId: string | null;
  turnId: string | null;
  kinds: ArtifactKinds;
}

/** The rows of all artifacts, by id and by run. */
export class ArtifactTable {
  readonly table: Table;
  #owners = new Map<string, NotedArtifact>();
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

  /** Those of a run, in its own runtime only where that is told. */
  countOf(runId: string, runtimeId: string | null = null): number {
    return this.#idsOf(runId, runtimeId).length;
  }

  bequeath(runId: string, heir: string): void {
    for (const id of this.#byRun.get(runId) ?? []) {
      const row = this.get(id, null);
      if (row) this.put(stringifyJson({ ...row, run_id: heir }));
    }
  }

  bytesOf(runId: string): number {
    let bytes = 0;
    for (const id of this.#byRun.get(runId) ?? []) bytes += this.#owners.get(id)?.bytes ?? 0;
    return bytes;
  }

  /** Answers their ids. */
  removeOf(runId: string, runtimeId: string | null = null): string[] {
    const ids = this.#idsOf(runId, runtimeId);
    this.remove(ids);
    return ids;
  }

  remove(ids: string[]): void {
    for (const id of ids) {
      this.table.put(id, null);
      this.#forget(id);
    }
  }

  known(ids: string[]): string[] {
    return [...new Set(ids)].filter((id) => this.#owners.has(id));
  }

  /** Made before a time, and of no run that `hasRun` knows; by id. */
  loose(
    query: { before: string; after: string | null; limit: number },
    hasRun: (runId: string) => boolean,
  ): ArtifactRow[] {
    const { before, after, limit } = query;
    const ids: string[] = [];
    for (const [id, { runId, createdAt }] of this.#owners) {
      const isLoose = runId === null || !hasRun(runId);
      if (isLoose && createdAt < before && (after === null || id > after)) ids.push(id);
    }
    return ids
      .toSorted()
      .slice(0, limit)
      .flatMap((id) => this.get(id, null) ?? []);
  }

  unnamedBlobs(blobIds: string[]): string[] {
    const unnamed = new Set(blobIds);
    for (const { blobId } of this.#owners.values()) unnamed.delete(blobId);
    return blobIds.filter((blobId) => unnamed.has(blobId));
  }

  /** Everything that is noted, by id. */
  noted(): IterableIterator<[string, NotedArtifact]> {
    return this.#owners.entries();
  }

  /** The row of an artifact, whosever it is. */
  row(artifactId: string): ArtifactRow | null {
    return this.get(artifactId, null);
  }

  *all(): Generator<ArtifactRow> {
    for (const id of this.#owners.keys()) {
      const row = this.get(id, null);
      if (row) yield row;
    }
  }

  #idsOf(runId: string, runtimeId: string | null): string[] {
    return [...(this.#byRun.get(runId) ?? [])].filter((id) => this.#isOf(id, runtimeId));
  }

  #isOf(artifactId: string, runtimeId: string | null): boolean {
    const owner = this.#owners.get(artifactId);
    return owner !== undefined && (runtimeId === null || owner.runtimeId === runtimeId);
  }

  #note(row: ArtifactRow): void {
    const { artifact_id, run_id, runtime_id } = row;
    const before = this.#owners.get(artifact_id);
    if (before && before.runId !== run_id) this.#forget(artifact_id);
    this.#owners.set(artifact_id, {
      runId: run_id,
      runtimeId: runtime_id,
      blobId: row.blob_id,
      contentType: row.content_type,
      createdAt: row.created_at,
      bytes: row.size_bytes,
      sessionId: row.tags["session_id"] ?? null,
      nodeId: row.tags["node_id"] ?? null,
      turnId: row.tags["turn_id"] ?? null,
      kinds: artifactKinds(row),
    });
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
