import type { Database } from "bun:sqlite";
import type { Notice } from "#ledger/ledger.ts";
import type { Change } from "#ledger/sqlite/jobs.ts";
import type { LedgerReader } from "#ledger/sqlite/reader.ts";

/**
 * Learns of the commits of other processes on the same file. Each process that shares a file notes what its commits did in `changes`;
 * a look costs one pragma while nothing happened. Every process on the file must be opened for sharing.
 */
export class ChangeWatcher {
  #reader: LedgerReader;
  #origin: string;
  #publish: (notice: Notice) => void;
  #dataVersion = -1;
  #seen: number;
  #timer: Timer | null = null;

  constructor(reader: LedgerReader, origin: string, publish: (notice: Notice) => void) {
    this.#reader = reader;
    this.#origin = origin;
    this.#publish = publish;
    this.#seen = (this.#db.query("SELECT coalesce(max(no), 0) FROM changes").values()[0] as [number])[0];
  }

  start(everyMs: number): void {
    this.#timer = setInterval(() => this.look(), everyMs);
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer);
  }

  /** Publishes what others committed since the last look. A read that fails is repeated at the next look. */
  look(): void {
    try {
      this.#look();
    } catch {
      this.#dataVersion = -1;
    }
  }

  #look(): void {
    const version = (this.#db.query("PRAGMA data_version").values()[0] as [number])[0];
    if (version === this.#dataVersion) return;
    this.#dataVersion = version;
    const rows = this.#db.query("SELECT no, origin, body FROM changes WHERE no > ? ORDER BY no").values(this.#seen) as [
      number,
      string,
      string,
    ][];
    for (const [no, origin, body] of rows) {
      if (origin !== this.#origin) this.#publish(this.#notice(JSON.parse(body) as Change));
      this.#seen = no;
    }
  }

  #notice(change: Change): Notice {
    const updates = change.updates.map(({ from, ...update }) => {
      const limit = update.head_seq - from;
      return { ...update, records: limit === 0 ? [] : this.#reader.records(update.run_id, from, { limit }) };
    });
    return { ...change, updates };
  }

  get #db(): Database {
    return this.#reader.db;
  }
}
