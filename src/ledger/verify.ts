import { parseJson } from "#core/json.ts";
import { isObject } from "#core/value.ts";
import { chainHash, unseal } from "#ledger/chain.ts";
import type { Problem } from "#ledger/ledger.ts";

/** What a store gives to be verified, in pages, each read on its own. */
export interface VerifySource {
  /** Runs after an internal number, in its order; only `runId` when given. */
  runs(after: number, limit: number, runId?: string): VerifyRun[];
  records(no: number, after: number, limit: number): { seq: number; json: string }[];
  states(no: number, after: number, limit: number): { no: number; seq: number; isSnapshot: boolean; json: string }[];
}

export interface VerifyRun {
  no: number;
  run_id: string;
  head_seq: number;
  head_hash: string | null;
  state_no: number;
}

const pageSize = 200;

/** Walks every run's chain, sequence, head and states. Gives way between pages, so a running server stays responsive. */
export async function* verifyLedger(
  source: VerifySource,
  options: { runId?: string; onProgress?: (runs: number, records: number) => void },
): AsyncIterable<Problem> {
  let runs = 0;
  let records = 0;
  let after = 0;
  for (;;) {
    const page = source.runs(after, pageSize, options.runId);
    for (const run of page) {
      for await (const step of verifyRecords(source, run)) {
        if (typeof step === "number") records += step;
        else yield step;
      }
      yield* verifyStates(source, run);
      runs += 1;
      options.onProgress?.(runs, records);
    }
    const last = page.at(-1);
    if (!last || options.runId !== undefined) break;
    after = last.no;
    await turn();
  }
  if (options.runId !== undefined && runs === 0) {
    yield { run_id: options.runId, seq: null, message: "The run does not exist" };
  }
}

/** Problems of one run's records, and the size of each page that was walked. */
async function* verifyRecords(source: VerifySource, run: VerifyRun): AsyncIterable<Problem | number> {
  let seq = 0;
  let hash: string | null = null;
  // A live run grows while it is read: everything up to the head that was read with it must be sound.
  while (seq < run.head_seq) {
    const page = source.records(run.no, seq, pageSize).filter((record) => record.seq <= run.head_seq);
    if (page.length === 0) break;
    for (const record of page) {
      for (const message of recordProblems(record, seq, hash)) yield { run_id: run.run_id, seq: record.seq, message };
      seq = record.seq;
      hash = unseal(record.json)?.hash ?? null;
    }
    yield page.length;
    await turn();
  }
  if (seq !== run.head_seq) {
    yield { run_id: run.run_id, seq, message: `The records end at ${seq}, but the run stands at ${run.head_seq}` };
  } else if (hash !== run.head_hash) {
    yield { run_id: run.run_id, seq, message: "The last record is not the one that the run's head names" };
  }
}

function recordProblems(record: { seq: number; json: string }, before: number, hash: string | null): string[] {
  const problems: string[] = [];
  if (record.seq !== before + 1)
    problems.push(`Record ${record.seq} follows record ${before}: ${gap(before, record.seq)}`);
  const parts = unseal(record.json);
  if (!parts) return [...problems, `Record ${record.seq} has no chain fields`];
  if (parts.prevHash !== hash)
    problems.push(`Record ${record.seq} names another predecessor than the record before it`);
  if (chainHash(parts.prevHash, parts.body) !== parts.hash) {
    problems.push(`Record ${record.seq} does not match its hash: its content was changed`);
  }
  return problems;
}

function gap(before: number, seq: number): string {
  return seq === before + 2 ? `record ${seq - 1} is missing` : `records ${before + 1} to ${seq - 1} are missing`;
}

async function* verifyStates(source: VerifySource, run: VerifyRun): AsyncIterable<Problem> {
  let after = -1;
  let seq = 0;
  for (;;) {
    const page = source.states(run.no, after, pageSize).filter((state) => state.no <= run.state_no);
    for (const state of page) {
      const message = stateProblem(state, { after, seq, head: run.head_seq });
      if (message) yield { run_id: run.run_id, seq: state.seq, message };
      after = state.no;
      seq = state.seq;
    }
    if (page.length < pageSize) break;
    await turn();
  }
  if (after !== run.state_no) {
    yield { run_id: run.run_id, seq: null, message: `The states end at ${after}, but the run has ${run.state_no}` };
  }
}

function stateProblem(
  state: ReturnType<VerifySource["states"]>[number],
  before: { after: number; seq: number; head: number },
): string | null {
  if (state.no !== before.after + 1) return `State ${state.no} follows state ${before.after}`;
  if (state.seq < before.seq || state.seq > before.head)
    return `State ${state.no} stands at record ${state.seq}, out of order`;
  if (state.no === 0 && !state.isSnapshot) return "The first state is no snapshot";
  try {
    const value = parseJson(state.json);
    const isSound = state.isSnapshot ? isObject(value) : Array.isArray(value) && value.every(isOp);
    return isSound ? null : `State ${state.no} is neither vars nor a list of changes`;
  } catch {
    return `State ${state.no} is not JSON`;
  }
}

function isOp(value: unknown): boolean {
  if (!Array.isArray(value) || !Array.isArray(value[1])) return false;
  const length = value[0] === "d" ? 2 : 3;
  return ["s", "d", "a"].includes(value[0] as string) && value.length === length;
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
