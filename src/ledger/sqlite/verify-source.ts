import type { Database } from "bun:sqlite";
import { AppError } from "#core/errors.ts";
import { rowBits } from "#ledger/sqlite/migrations.ts";
import { storageError } from "#ledger/sqlite/storage-error.ts";
import type { VerifyRun, VerifySource } from "#ledger/verify.ts";

const low = 2 ** rowBits - 1;
const after = `id > ((?1 << ${rowBits}) + ?2) AND id < ((?1 + 1) << ${rowBits}) ORDER BY id LIMIT ?3`;

export function verifySource(db: Database, isClosed: () => boolean): VerifySource {
  const guard = <T>(read: () => T): T => {
    if (isClosed()) throw new AppError("storage", "The ledger is closed");
    try {
      return read();
    } catch (error) {
      throw storageError(error);
    }
  };
  const source = sourceOf(db);
  return {
    runs: (...wanted) => guard(() => source.runs(...wanted)),
    records: (...wanted) => guard(() => source.records(...wanted)),
    states: (...wanted) => guard(() => source.states(...wanted)),
  };
}

function sourceOf(db: Database): VerifySource {
  return {
    runs(no, limit, runId) {
      return db
        .query(
          `SELECT run_no AS no, run_id, head_seq, head_hash, state_no FROM runs
           WHERE run_no > ?1 AND (?3 IS NULL OR run_id = ?3) ORDER BY run_no LIMIT ?2`,
        )
        .all(no, limit, runId ?? null) as VerifyRun[];
    },
    records(no, seq, limit) {
      const rows = db.query(`SELECT id & ${low}, json FROM records WHERE ${after}`).values(no, seq, limit);
      return (rows as [number, string][]).map(([at, json]) => ({ seq: at, json }));
    },
    states(no, stateNo, limit) {
      const rows = db.query(`SELECT id & ${low}, seq, is_snapshot, json FROM states WHERE ${after}`);
      return (rows.values(no, stateNo, limit) as [number, number, number, string][]).map(
        ([at, seq, isSnapshot, json]) => ({
          no: at,
          seq,
          isSnapshot: isSnapshot === 1,
          json,
        }),
      );
    },
  };
}
