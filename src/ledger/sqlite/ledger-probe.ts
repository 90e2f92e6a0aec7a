import type { Database } from "bun:sqlite";
import { openForReading, requireOurs } from "#ledger/sqlite/database.ts";
import { storageError } from "#ledger/sqlite/storage-error.ts";

/** A quick look into a ledger file that changes nothing, not even its schema. AppError `storage` when it is not ours or cannot be read. */
export class LedgerProbe {
  readonly #db: Database;

  constructor(path: string) {
    try {
      this.#db = openForReading(path);
      requireOurs(this.#db, path);
    } catch (error) {
      throw storageError(error);
    }
  }

  runs(): number {
    return this.#one("SELECT count(*) FROM runs") as number;
  }

  /** Time of the last change of any run, ISO. */
  lastUpdate(): string | null {
    return this.#one("SELECT max(updated_at) FROM runs") as string | null;
  }

  /** Runs that have ended, and when the oldest was last changed. */
  ended(): { count: number; oldest: string | null } {
    const ended = "FROM runs WHERE status NOT IN ('running','waiting')";
    const count = this.#one(`SELECT count(*) ${ended}`) as number;
    return { count, oldest: this.#one(`SELECT min(updated_at) ${ended}`) as string | null };
  }

  /** SQLite's first complaint about the file, or null. Reads all of it, without the indexes. */
  damage(): string | null {
    const text = this.#one("PRAGMA quick_check(1)") as string;
    return text === "ok" ? null : text;
  }

  close(): void {
    this.#db.close(true);
  }

  #one(sql: string): unknown {
    try {
      return this.#db.query(sql).values()[0]?.[0] ?? null;
    } catch (error) {
      throw storageError(error);
    }
  }
}
