import type { Database } from "bun:sqlite";
import type { Command } from "#core/command.ts";
import { parseJson, parseObject } from "#core/json.ts";
import type { Mail, MailBody } from "#core/mail.ts";
import type { LoggedMemoryEvent, MemoryEvent } from "#core/memory-event.ts";
import type { SealedRecord } from "#core/record.ts";
import { type Run, type RunStatus, type Wait, runStatuses } from "#core/run.ts";
import { noChange } from "#ledger/batch-rules.ts";
import type { ArtifactRow, PendingCursor, StartKey, StoredState } from "#ledger/ledger.ts";
import { rowBits } from "#ledger/sqlite/migrations.ts";
import { type RunRow, runColumns, toRun } from "#ledger/sqlite/run-row.ts";
import { type StoredArtifact, toArtifact } from "#ledger/sqlite/stored-artifact.ts";

// `,"signature":null}` and its quote end every sealed record; the hash stands before.
const hashEnd = '","signature":null}'.length;
const hashLength = 64;
const firstPortion = 64;
const largestPortion = 2048;
const ofRuntime = "(?2 IS NULL OR runtime_id=?2)";

/**
 * Reads of the ledger on a read-only connection. Every statement fetches its rows at once and ends its read transaction, so no reader
 * ever holds back a checkpoint, and each read sees everything that was acknowledged before it.
 */
export class LedgerReader {
  readonly db: Database;
  /** Mean size of the records that the last read of a whole portion found. */
  #lastRead: { runNo: number; recordBytes: number } | null = null;

  constructor(db: Database) {
    this.db = db;
  }

  run(runId: string): Run | null {
    const row = this.db.query(`SELECT ${runColumns} FROM runs WHERE run_id=?`).get(runId) as RunRow | null;
    return row && toRun(row);
  }

  runNo(runId: string): number | null {
    return (
      (this.db.query("SELECT run_no FROM runs WHERE run_id=?").values(runId)[0]?.[0] as number | undefined) ?? null
    );
  }

  records(runId: string, after: number, options: { limit: number; maxBytes?: number }): SealedRecord[] {
    const runNo = this.runNo(runId);
    return runNo === null ? [] : this.recordsOf(runNo, after, options);
  }

  /** Reads in portions sized by what came so far, so that a page of huge records is cut before it is in memory. */
  recordsOf(runNo: number, after: number, options: { limit: number; maxBytes?: number }): SealedRecord[] {
    const { limit, maxBytes = Number.POSITIVE_INFINITY } = options;
    const query = this.db.query(
      `SELECT id & ${2 ** rowBits - 1} AS seq, json, '' AS hash FROM records
       WHERE id > ((?1 << ${rowBits}) | ?2) AND id < ((?1 + 1) << ${rowBits}) ORDER BY id LIMIT ?3`,
    );
    const found: SealedRecord[] = [];
    let bytes = 0;
    let wanted = Math.min(limit, this.#firstPortion(runNo, maxBytes));
    while (found.length < limit) {
      const rows = query.all(runNo, found.at(-1)?.seq ?? after, wanted) as SealedRecord[];
      for (const row of rows) {
        bytes += row.json.length;
        if (bytes > maxBytes && found.length > 0) return found;
        row.hash = hashIn(row.json);
        found.push(row);
      }
      if (rows.length < wanted) break;
      this.#lastRead = { runNo, recordBytes: bytes / found.length };
      const fits = Math.ceil((maxBytes - bytes) / this.#lastRead.recordBytes) + 1;
      wanted = Math.min(limit - found.length, fits, largestPortion);
    }
    return found;
  }

  /** A replay asks for page after page of one run: the one before tells how many rows make the next. */
  #firstPortion(runNo: number, maxBytes: number): number {
    if (this.#lastRead?.runNo !== runNo) return firstPortion;
    return Math.min(Math.ceil(maxBytes / this.#lastRead.recordBytes) + 1, largestPortion);
  }

  tail(runId: string, limit: number): SealedRecord[] {
    const runNo = this.runNo(runId);
    if (runNo === null) return [];
    const rows = this.db
      .query(
        `SELECT id & ${2 ** rowBits - 1} AS seq, json, '' AS hash FROM records
         WHERE id >= (?1 << ${rowBits}) AND id < ((?1 + 1) << ${rowBits}) ORDER BY id DESC LIMIT ?2`,
      )
      .all(runNo, limit) as SealedRecord[];
    for (const row of rows) row.hash = hashIn(row.json);
    return rows.toReversed();
  }

  state(runId: string, atSeq?: number): StoredState | null {
    const row = this.db
      .query("SELECT run_no, head_seq, state_no, compacted FROM runs WHERE run_id=?")
      .values(runId)[0] as [number, number, number, number] | undefined;
    if (!row) return null;
    const [runNo, headSeq, stateNo, compacted] = row;
    const isWhole = atSeq === undefined || atSeq >= headSeq;
    // What lay between the first and the last state was given up: nothing is better than what the run was started with.
    if (compacted === 1 && !isWhole && atSeq > 0) return null;
    const last = isWhole ? stateNo : this.#lastStateAt(runNo, stateNo, atSeq);
    const first = this.#snapshotBefore(runNo, last);
    const states = this.db
      .query(
        `SELECT seq, json, node_id, wait FROM states WHERE id >= ((?1 << ${rowBits}) | ?2) AND id <= ((?1 << ${rowBits}) | ?3) ORDER BY id`,
      )
      .values(runNo, first, last) as StateRow[];
    const [snapshot, ...deltas] = states;
    const end = states.at(-1);
    if (!snapshot || !end) return null;
    const seq = isWhole ? headSeq : end[0];
    const changes = deltas.map(([, json]) => json).filter((json) => json !== noChange);
    return { seq, snapshot: snapshot[1], deltas: changes, position: positionOf(end) };
  }

  input(runId: string): string | null {
    const row = this.db
      .query(`SELECT json FROM states WHERE id = ((SELECT run_no FROM runs WHERE run_id=?) << ${rowBits})`)
      .values(runId)[0];
    return (row?.[0] as string | undefined) ?? null;
  }

  /** Number of the last state row that stands at `atSeq` or before. Rows are ordered by both, so halving finds it. */
  #lastStateAt(runNo: number, stateNo: number, atSeq: number): number {
    const query = this.db.query(`SELECT seq FROM states WHERE id = ((?1 << ${rowBits}) | ?2)`);
    let low = 0;
    let high = stateNo;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      const seq = (query.values(runNo, middle)[0]?.[0] as number | undefined) ?? 0;
      if (seq <= atSeq) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #snapshotBefore(runNo: number, stateNo: number): number {
    const row = this.db
      .query(
        `SELECT id & ${2 ** rowBits - 1} FROM states
         WHERE id >= (?1 << ${rowBits}) AND id <= ((?1 << ${rowBits}) | ?2) AND is_snapshot = 1 ORDER BY id DESC LIMIT 1`,
      )
      .values(runNo, stateNo)[0];
    return (row?.[0] as number | undefined) ?? 0;
  }

  children(runId: string): string[] {
    return this.#ids("SELECT run_id FROM runs WHERE parent_run_id=? ORDER BY run_no", runId);
  }

  descendants(runId: string, limit: number): string[] {
    return this.#ids(
      `WITH RECURSIVE tree(run_id, depth, run_no) AS (
         SELECT run_id, 1, run_no FROM runs WHERE parent_run_id=?1
         UNION ALL SELECT runs.run_id, depth + 1, runs.run_no FROM tree JOIN runs ON runs.parent_run_id=tree.run_id
         ORDER BY 2, 3
       ) SELECT run_id FROM tree LIMIT ?2`,
      runId,
      limit,
    );
  }

  mail(runId: string, limit: number): Mail[] {
    const rows = this.db
      .query("SELECT id, body FROM mailbox WHERE run_no=(SELECT run_no FROM runs WHERE run_id=?1) ORDER BY id LIMIT ?2")
      .values(runId, limit) as [number, string][];
    return rows.map(([id, body]) => ({ ...(parseObject(body) as unknown as MailBody), run_id: runId, id }));
  }

  pending(after: PendingCursor | null, limit: number): { runIds: string[]; next: PendingCursor | null } {
    const rows = this.db
      .query(
        `SELECT run_no, run_id FROM (
           SELECT * FROM (SELECT run_no FROM runs WHERE status IN ('running','waiting') AND status='running' AND paused=0
             AND run_no > ?1 ORDER BY run_no LIMIT ?2)
           UNION
           SELECT * FROM (SELECT DISTINCT run_no FROM mailbox WHERE run_no > ?1 ORDER BY run_no LIMIT ?2)
         ) JOIN runs USING (run_no) ORDER BY run_no LIMIT ?2`,
      )
      .values(after?.no ?? 0, limit) as [number, string][];
    const last = rows.at(-1);
    return { runIds: rows.map(([, runId]) => runId), next: last && rows.length === limit ? { no: last[0] } : null };
  }

  due(nowMs: number, limit: number): string[] {
    return this.#ids("SELECT run_id FROM runs WHERE wake_at <= ?1 ORDER BY wake_at, run_no LIMIT ?2", nowMs, limit);
  }

  nextWake(): number | null {
    const row = this.db
      .query("SELECT wake_at FROM runs WHERE wake_at IS NOT NULL ORDER BY wake_at LIMIT 1")
      .values()[0];
    return (row?.[0] as number | undefined) ?? null;
  }

  listeners(
    keys: string[],
    { runtimeId, limit }: { runtimeId: string | null; limit: number },
  ): { run_id: string; key: string }[] {
    return this.db
      .query(
        `SELECT run_id, key FROM (
           SELECT run_no, run_id, runtime_id, wait_key AS key FROM runs WHERE wait_key IN (SELECT value FROM json_each(?1))
           UNION
           SELECT run_no, run_id, runtime_id, key FROM listeners JOIN runs USING (run_no)
             WHERE key IN (SELECT value FROM json_each(?1)) AND paused=0 AND status IN ('running','waiting')
         ) WHERE ?2 IS NULL OR runtime_id=?2 ORDER BY run_no, key LIMIT ?3`,
      )
      .all(JSON.stringify(keys), runtimeId, limit) as { run_id: string; key: string }[];
  }

  startKey(key: string, principal: string): StartKey | null {
    return this.db
      .query("SELECT key, principal, body_hash, run_id FROM start_keys WHERE key=? AND principal=?")
      .get(key, principal) as StartKey | null;
  }

  command(commandId: string, principal?: string): Command | null {
    const row = this.db
      .query("SELECT * FROM commands WHERE command_id=?1 AND (?2 IS NULL OR principal=?2) ORDER BY seq LIMIT 1")
      .get(commandId, principal ?? null) as CommandRow | null;
    return row && toCommand(row);
  }

  pendingEmits(limit: number): Command[] {
    const rows = this.db
      .query("SELECT * FROM commands WHERE type='emit_event' AND applied_at IS NULL ORDER BY seq LIMIT ?")
      .all(limit) as CommandRow[];
    return rows.map(toCommand);
  }

  artifact(artifactId: string, runtimeId: string | null): ArtifactRow | null {
    const row = this.db
      .query(`SELECT * FROM artifacts WHERE artifact_id=?1 AND ${ofRuntime}`)
      .get(artifactId, runtimeId) as StoredArtifact | null;
    return row && toArtifact(row);
  }

  artifacts(
    runId: string,
    { runtimeId, limit, offset }: { runtimeId: string | null; limit: number; offset: number },
  ): { items: ArtifactRow[]; total: number } {
    const own = `FROM artifacts WHERE run_id=?1 AND ${ofRuntime}`;
    const rows = this.db
      .query(`SELECT * ${own} ORDER BY artifact_no LIMIT ?3 OFFSET ?4`)
      .all(runId, runtimeId, limit, offset) as StoredArtifact[];
    const { total } = this.db.query(`SELECT count(*) AS total ${own}`).get(runId, runtimeId) as { total: number };
    return { items: rows.map(toArtifact), total };
  }

  memory(after: number, limit: number): LoggedMemoryEvent[] {
    const rows = this.db.query("SELECT no, body FROM memory_log WHERE no > ?1 ORDER BY no LIMIT ?2").all(after, limit);
    return (rows as { no: number; body: string }[]).map(({ no, body }) => ({
      no,
      event: parseJson(body) as unknown as MemoryEvent,
    }));
  }

  memoryHead(): number {
    return (this.db.query("SELECT coalesce(max(no), 0) FROM memory_log").values()[0] as number[])[0] ?? 0;
  }

  liveCounts(runtimeId: string | null): { running: number; waiting: number; paused: number } {
    const rows = this.db
      .query(
        `SELECT CASE WHEN paused THEN 'paused' ELSE status END, count(*) FROM runs
         WHERE status IN ('running','waiting') AND (?1 IS NULL OR runtime_id=?1) GROUP BY 1`,
      )
      .values(runtimeId) as ["running" | "waiting" | "paused", number][];
    return { running: 0, waiting: 0, paused: 0, ...Object.fromEntries(rows) };
  }

  counts(): { runs: number; records: number; byStatus: Record<RunStatus, number> } {
    const rows = this.db
      .query("SELECT status, count(*), sum(head_seq) FROM runs INDEXED BY runs_by_update GROUP BY status")
      .values() as [RunStatus, number, number][];
    const byStatus = Object.fromEntries(runStatuses.map((status) => [status, 0])) as Record<RunStatus, number>;
    let runs = 0;
    let records = 0;
    for (const [status, count, heads] of rows) {
      byStatus[status] = count;
      runs += count;
      records += heads;
    }
    return { runs, records, byStatus };
  }

  #ids(sql: string, ...values: (string | number)[]): string[] {
    return this.db
      .query(sql)
      .values(...values)
      .map((row) => row[0] as string);
  }
}

function hashIn(json: string): string {
  return json.slice(-hashEnd - hashLength, -hashEnd);
}

/** seq, vars or their changes, node, wait */
type StateRow = [number, string, string | null, string | null];

function positionOf([, , nodeId, wait]: StateRow): StoredState["position"] {
  if (nodeId === null) return null;
  return { node_id: nodeId, wait: wait === null ? null : (parseJson(wait) as unknown as Wait) };
}

export interface CommandRow extends Omit<Command, "payload" | "outcome"> {
  payload: string;
  outcome: string | null;
}

export function toCommand(row: CommandRow): Command {
  const outcome = row.outcome === null ? null : (parseJson(row.outcome) as unknown as Command["outcome"]);
  return { ...row, payload: parseObject(row.payload), outcome };
}
