import type { Mail, MailBody } from "#core/mail.ts";
import { parseObject } from "#core/json.ts";
import type { SealedRecord } from "#core/record.ts";
import type { Wait } from "#core/run.ts";
import { noChange } from "#ledger/batch-rules.ts";
import { unseal } from "#ledger/chain.ts";
import type { StoredState } from "#ledger/ledger.ts";
import type { VerifySource } from "#ledger/verify.ts";
import { damaged } from "#ledger/file/file-error.ts";
import type { LineReader } from "#ledger/file/line-reader.ts";
import type { Store } from "#ledger/file/store.ts";
import { parseState } from "#ledger/file/state-line.ts";
import { type StoredRun, type StoredStateLine, isCompacted } from "#ledger/file/stored-run.ts";

const textsPage = 200;

/** Records and states of runs, from their files and from what only the journal has yet. */
export class RunReader {
  readonly #store: Store;
  readonly #lines: LineReader;

  constructor(store: Store, lines: LineReader) {
    this.#store = store;
    this.#lines = lines;
  }

  records(
    run: StoredRun,
    after: number,
    { limit, maxBytes = Infinity }: { limit: number; maxBytes?: number },
  ): SealedRecord[] {
    const found: SealedRecord[] = [];
    let bytes = 0;
    this.#eachRecord(run, after, (json, seq) => {
      bytes += json.length;
      if (found.length === limit || (bytes > maxBytes && found.length > 0)) return false;
      found.push({ seq, json, hash: unseal(json)?.hash ?? "" });
      return true;
    });
    return found;
  }

  /** Null when the states up to there were compacted. */
  state(run: StoredRun, atSeq?: number): StoredState | null {
    const isWhole = atSeq === undefined || atSeq >= run.head;
    if (isCompacted(run) && !isWhole && atSeq > 0) return null;
    let snapshot: StoredStateLine | null = null;
    let deltas: StoredStateLine[] = [];
    this.#eachState(run, isWhole ? this.#lastSnapshot(run) : { line: 0 }, (state) => {
      if (!isWhole && state.seq > atSeq) return false;
      if (state.isSnapshot) {
        snapshot = state;
        deltas = [];
      } else deltas.push(state);
      return true;
    });
    const first = snapshot as StoredStateLine | null;
    if (!first) throw damaged(`run '${run.runId}' has no snapshot`);
    const last = deltas.at(-1) ?? first;
    const wait = last.wait === null ? null : (parseObject(last.wait) as unknown as Wait);
    return {
      seq: isWhole ? run.head : last.seq,
      snapshot: first.json,
      deltas: deltas.map(({ json }) => json).filter((json) => json !== noChange),
      position: { node_id: last.nodeId, wait },
    };
  }

  firstState(run: StoredRun): StoredStateLine {
    let first: StoredStateLine | null = null;
    this.#eachState(run, { line: 0 }, (state) => {
      first = state;
      return false;
    });
    if (!first) throw damaged(`run '${run.runId}' has no first state`);
    return first;
  }

  /** Every text of a run's records and states, in pages. */
  *texts(run: StoredRun): Generator<string[]> {
    for (let seq = 0; seq < run.head && !run.isGone;) {
      const page = this.records(run, seq, { limit: textsPage });
      yield page.map(({ json }) => json);
      seq = page.at(-1)?.seq ?? run.head;
    }
    for (let no = 0; no <= run.stateNo && !run.isGone; no += textsPage) {
      yield this.states(run, no, textsPage).map(({ json }) => json);
    }
  }

  /** Bytes of the run's records and states. */
  size(run: StoredRun): { records: number; states: number } {
    const { disk, tail } = run;
    const size = { records: disk?.ledgerBytes ?? 0, states: tail?.isCompacted ? 0 : (disk?.statesBytes ?? 0) };
    for (const json of tail?.records ?? []) size.records += Buffer.byteLength(json) + 1;
    for (const state of tail?.states ?? []) size.states += Buffer.byteLength(state.json) + 1;
    return size;
  }

  verifySource(requireOpen: () => void): VerifySource {
    /** Of the last page; runs that were deleted meanwhile have nothing to read. */
    let page = new Map<number, StoredRun>();
    return {
      runs: (after, limit, runId) => {
        requireOpen();
        const all =
          runId === undefined ? this.#store.runs.all() : [this.#store.runs.get(runId)].filter((run) => run !== null);
        page = new Map();
        for (const run of all) {
          if (page.size === limit) break;
          if (run.no > after) page.set(run.no, run);
        }
        return [...page.values()].map(({ no, runId: run_id, head, headHash, stateNo }) => {
          return { no, run_id, head_seq: head, head_hash: headHash, state_no: stateNo };
        });
      },
      records: (no, after, limit) => {
        requireOpen();
        const run = page.get(no);
        return run === undefined || run.isGone ? [] : this.records(run, after, { limit });
      },
      states: (no, after, limit) => {
        requireOpen();
        const run = page.get(no);
        return run === undefined || run.isGone ? [] : this.states(run, after + 1, limit);
      },
    };
  }

  mail(run: StoredRun, limit: number): Mail[] {
    const some = [...run.mail].slice(0, limit);
    return some.map(([id, { body }]) => ({ ...(parseObject(body) as unknown as MailBody), run_id: run.runId, id }));
  }

  /** From a number on. */
  states(run: StoredRun, from: number, limit: number): StoredStateLine[] {
    const found: StoredStateLine[] = [];
    this.#eachState(run, { line: from }, (state) => found.push(state) < limit);
    return found;
  }

  #eachRecord(run: StoredRun, after: number, visit: (json: string, seq: number) => boolean): void {
    const inFile = run.disk?.head ?? 0;
    let wantsMore = true;
    if (after < inFile) {
      const path = this.#store.files.ledgerPath(run.runId);
      this.#lines.visit(path, { from: after, end: run.disk?.ledgerBytes ?? 0 }, (json, line) => {
        wantsMore = visit(json, line + 1);
        return wantsMore;
      });
    }
    const tail = run.tail?.records ?? [];
    for (let at = Math.max(0, after - inFile); wantsMore && at < tail.length; at++) {
      wantsMore = visit(tail[at] ?? "", inFile + at + 1);
    }
  }

  /** Where the last snapshot is: in memory, or at a byte of the file. */
  #lastSnapshot(run: StoredRun): { line: number } | { byte: number } {
    const inTail = run.tail?.states.findLast((state) => state.isSnapshot);
    return inTail ? { line: inTail.no } : { byte: run.disk?.snapshotAt ?? 0 };
  }

  #eachState(
    run: StoredRun,
    from: { line: number } | { byte: number },
    visit: (state: StoredStateLine) => boolean,
  ): void {
    const inFile = run.tail?.isCompacted ? 0 : (run.disk?.stateNo ?? -1) + 1;
    let wantsMore = true;
    if ("byte" in from || from.line < inFile) {
      const path = this.#store.files.statesPath(run);
      this.#lines.visit(path, { ...place(from), end: run.disk?.statesBytes ?? 0 }, (text) => {
        wantsMore = visit(parseState(text, path));
        return wantsMore;
      });
    }
    const first = "line" in from ? from.line : 0;
    for (const state of run.tail?.states ?? []) {
      if (!wantsMore) return;
      if (state.no >= first) wantsMore = visit(state);
    }
  }
}

function place(from: { line: number } | { byte: number }): { from: number; startByte?: number } {
  return "byte" in from ? { from: 0, startByte: from.byte } : { from: from.line };
}
