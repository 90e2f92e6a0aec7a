import type { Database } from "bun:sqlite";
import { AppError } from "#core/errors.ts";
import { type Clock, isoTime } from "#core/time.ts";

export type ReservationReason = "deleted-user" | "runtime-reassigned" | "runtime-transferred" | "purging";

/** A runtime that nobody owns any more. Its runs are kept, and nobody gets it by chance. */
export interface Reservation {
  tenant_id: string;
  runtime_id: string;
  row_scope: string;
  owner_user_id: string;
  reason: ReservationReason;
  created_at: string;
  updated_at: string;
}

interface Owned {
  tenant_id: string;
  runtime_id: string;
  row_scope: string;
  user_id: string;
}

interface RuntimeName {
  tenantId: string;
  runtimeId: string;
}

export class Reservations {
  #db: Database;
  #now: Clock;

  constructor(db: Database, now: Clock) {
    this.#db = db;
    this.#now = now;
  }

  list(): Reservation[] {
    return this.#db.query("SELECT * FROM reservations ORDER BY tenant_id, runtime_id").all() as Reservation[];
  }

  /** AppError `not_found`. */
  require({ tenantId, runtimeId }: RuntimeName): Reservation {
    const sql = "SELECT * FROM reservations WHERE tenant_id=? AND runtime_id=?";
    const found = this.#db.query(sql).get(tenantId, runtimeId) as Reservation | null;
    if (!found) throw new AppError("not_found", "Runtime reservation not found");
    return found;
  }

  isReserved(rowScope: string): boolean {
    return this.#db.query("SELECT 1 FROM reservations WHERE row_scope=?").get(rowScope) !== null;
  }

  add(owned: Owned, reason: ReservationReason): Reservation {
    const at = isoTime(this.#now());
    const { tenant_id, runtime_id, row_scope, user_id } = owned;
    this.#db
      .query("INSERT OR REPLACE INTO reservations VALUES(?,?,?,?,?,?,?)")
      .run(tenant_id, runtime_id, row_scope, user_id, reason, at, at);
    return this.require({ tenantId: tenant_id, runtimeId: runtime_id });
  }

  setReason({ tenantId, runtimeId }: RuntimeName, reason: ReservationReason): void {
    this.#db
      .query("UPDATE reservations SET reason=?, updated_at=? WHERE tenant_id=? AND runtime_id=?")
      .run(reason, isoTime(this.#now()), tenantId, runtimeId);
  }

  remove({ tenantId, runtimeId }: RuntimeName): void {
    this.#db.query("DELETE FROM reservations WHERE tenant_id=? AND runtime_id=?").run(tenantId, runtimeId);
  }
}
