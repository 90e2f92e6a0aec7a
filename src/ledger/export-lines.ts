import { AppError } from "#core/errors.ts";
import { stringifyJson } from "#core/json.ts";
import type { Ledger } from "#ledger/ledger.ts";

/** What an export reads. */
export interface ExportSource extends Pick<Ledger, "getRun" | "readInput" | "readRecords" | "descendants"> {
  /** All runs in the order of their starts. */
  runIds(): Iterable<string> | AsyncIterable<string>;
}

const page = { limit: 500, maxBytes: 4 * 1024 * 1024 };

/**
 * The runs of a ledger as lines of JSON: per run `{"type":"run","run":{…},"input":{…}}` and then
 * `{"type":"record","run_id":…,"seq":…,"record":{…}}` for each record, whose text is the stored one, so that its hashes can be checked
 * by anyone (`record_hash = sha256(prev_hash + the record without its last three fields)`). With `runId`, that run and its children.
 * AppError `not_found` for an unknown run.
 */
export async function* exportLines(source: ExportSource, options: { runId?: string }): AsyncGenerator<string> {
  const runIds = options.runId === undefined ? source.runIds() : await family(source, options.runId);
  for await (const runId of runIds) yield* linesOf(source, runId);
}

async function family(source: ExportSource, runId: string): Promise<string[]> {
  if ((await source.getRun(runId)) === null) throw new AppError("not_found", `Run '${runId}' not found`);
  return [runId, ...(await source.descendants(runId, Number.MAX_SAFE_INTEGER))];
}

/** A live run grows while it is read: its records end at the head that its line names. */
async function* linesOf(source: ExportSource, runId: string): AsyncGenerator<string> {
  const run = await source.getRun(runId);
  if (run === null) return;
  const input = await source.readInput(runId);
  yield `{"type":"run","run":${stringifyJson(run)},"input":${input ?? "null"}}`;
  for (let seq = 0; seq < run.head_seq;) {
    const limit = Math.min(page.limit, run.head_seq - seq);
    const records = await source.readRecords(runId, seq, { ...page, limit });
    for (const record of records) {
      yield `{"type":"record","run_id":${JSON.stringify(runId)},"seq":${record.seq},"record":${record.json}}`;
    }
    const last = records.at(-1);
    if (!last) return;
    seq = last.seq;
  }
}
