import { AppError } from "#core/errors.ts";
import { stringifyJson } from "#core/json.ts";
import { openForReading } from "#ledger/sqlite/database.ts";
import { LedgerReader } from "#ledger/sqlite/reader.ts";
import { storageError } from "#ledger/sqlite/storage-error.ts";
import { verifySource } from "#ledger/sqlite/verify-source.ts";

const page = { limit: 500, maxBytes: 4 * 1024 * 1024 };

/**
 * The runs of a ledger file as lines of JSON, beside whoever writes it: per run `{"type":"run","run":{…},"input":{…}}` and then
 * `{"type":"record","run_id":…,"seq":…,"record":{…}}` for each record, whose text is the stored one, so that its hashes can be checked
 * by anyone (`record_hash = sha256(prev_hash + the record without its last three fields)`). With `runId`, that run and its children.
 * AppError `not_found` for an unknown run.
 */
export async function* exportRuns(path: string, options: { runId?: string } = {}): AsyncGenerator<string> {
  const db = openForReading(path);
  try {
    const reader = new LedgerReader(db);
    for await (const runId of options.runId === undefined ? allRuns(db) : family(reader, options.runId)) {
      yield* linesOf(reader, runId);
    }
  } catch (error) {
    throw storageError(error);
  } finally {
    db.close(true);
  }
}

async function* allRuns(db: ReturnType<typeof openForReading>): AsyncGenerator<string> {
  const source = verifySource(db, () => false);
  for (let after = 0; ;) {
    const runs = source.runs(after, page.limit);
    for (const { run_id } of runs) yield run_id;
    const last = runs.at(-1);
    if (!last) return;
    after = last.no;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function family(reader: LedgerReader, runId: string): string[] {
  if (reader.runNo(runId) === null) throw new AppError("not_found", `Run '${runId}' not found`);
  return [runId, ...reader.descendants(runId, Number.MAX_SAFE_INTEGER)];
}

/** A live run grows while it is read: its records end at the head that its line names. */
function* linesOf(reader: LedgerReader, runId: string): Generator<string> {
  const run = reader.run(runId);
  if (run === null) return;
  const input = reader.input(runId);
  yield `{"type":"run","run":${stringifyJson(run)},"input":${input ?? "null"}}`;
  for (let seq = 0; seq < run.head_seq;) {
    const records = reader.records(runId, seq, { ...page, limit: Math.min(page.limit, run.head_seq - seq) });
    for (const record of records) {
      yield `{"type":"record","run_id":${JSON.stringify(runId)},"seq":${record.seq},"record":${record.json}}`;
    }
    const last = records.at(-1);
    if (!last) return;
    seq = last.seq;
  }
}
