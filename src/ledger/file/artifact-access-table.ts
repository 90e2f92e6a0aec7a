import { Table, type TableState } from "#ledger/file/table.ts";
import type { ArtifactAccess, ArtifactReads } from "#ledger/ledger.ts";

const none: ArtifactAccess = {
  metadata_access_count: 0,
  content_access_count: 0,
  preview_count: 0,
  download_count: 0,
  last_accessed_at: null,
};

/** How often artifacts were read, by their ids. */
export class ArtifactAccessTable {
  readonly table: Table;
  #access = new Map<string, ArtifactAccess>();

  constructor(folder: string, state: TableState | undefined) {
    this.table = new Table(folder, "artifact-access", state);
  }

  load(): void {
    this.table.load((key, row) => {
      if (row === null) this.#access.delete(key);
      else this.#access.set(key, row as ArtifactAccess);
    });
  }

  of(artifactId: string): ArtifactAccess {
    return this.#access.get(artifactId) ?? none;
  }

  add(reads: ArtifactReads[]): void {
    for (const { artifact_id: id, ...read } of reads) {
      const before = this.of(id);
      const last = before.last_accessed_at ?? "";
      const after: ArtifactAccess = {
        metadata_access_count: before.metadata_access_count + read.metadata_access_count,
        content_access_count: before.content_access_count + read.content_access_count,
        preview_count: before.preview_count + read.preview_count,
        download_count: before.download_count + read.download_count,
        last_accessed_at: last > read.last_accessed_at ? last : read.last_accessed_at,
      };
      this.#access.set(id, after);
      this.table.put(id, JSON.stringify(after));
    }
  }

  remove(ids: string[]): void {
    for (const id of ids) {
      if (this.#access.delete(id)) this.table.put(id, null);
    }
  }
}
