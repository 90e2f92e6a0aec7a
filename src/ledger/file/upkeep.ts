import { parseJson, stringifyJson } from "#core/json.ts";
import { isTerminal } from "#core/run.ts";
import { collectMentions } from "#ledger/mention.ts";
import type { EndedPage, MeasuredRuns, Upkeep } from "#ledger/upkeep.ts";
import type { Change } from "#ledger/file/change.ts";
import type { RunReader } from "#ledger/file/run-reader.ts";
import type { Store } from "#ledger/file/store.ts";
import type { StoredRun } from "#ledger/file/stored-run.ts";

export function endedRuns(store: Store, query: Parameters<Upkeep["endedRuns"]>[0]): EndedPage {
  const runs = store.runs.ended(query);
  const last = runs.at(-1);
  return {
    items: runs.map((run) => ({
      run_id: run.runId,
      parent_run_id: run.parentRunId,
      root_run_id: run.rootRunId,
      session_id: run.sessionId,
      updated_at: run.updatedAt,
      is_draft: run.isDraft,
      states: run.stateNo,
    })),
    next: last && runs.length === query.limit ? { updatedAt: last.updatedAt, no: last.no } : null,
  };
}

export function measureRuns(store: Store, reader: RunReader, runIds: string[]): MeasuredRuns {
  const sum = { runs: 0, ledger_records: 0, commands: 0, artifacts: 0, bytes: 0, state_bytes: 0, artifact_bytes: 0 };
  for (const runId of new Set(runIds)) {
    const run = store.runs.get(runId);
    if (!run) continue;
    const { records, states } = reader.size(run);
    sum.runs += 1;
    sum.ledger_records += run.head;
    sum.commands += store.commands.countOf(runId);
    sum.artifacts += store.artifacts.countOf(runId);
    sum.bytes += records + states;
    sum.state_bytes += states;
    sum.artifact_bytes += store.artifacts.bytesOf(runId);
  }
  return sum;
}

/** The first state of an ended run, and its last vars as the second. */
export function compaction(
  store: Store,
  reader: RunReader,
  { runId, headSeq, snapshot }: { runId: string; headSeq: number; snapshot: string },
): { changes: Change[]; answer: number | null } {
  const run = store.runs.get(runId);
  if (!run || run.head !== headSeq || run.stateNo <= 1 || !isTerminal(run.status)) return { changes: [], answer: null };
  const first = reader.firstState(run);
  const { node_id: nodeId, wait } = store.files.whole(run);
  const json = stringifyJson(parseJson(snapshot));
  const position = { nodeId, wait: wait === null ? null : stringifyJson(wait) };
  const last = { no: 1, seq: headSeq, isSnapshot: true, json, ...position };
  const before = reader.size(run).states - Buffer.byteLength(first.json);
  return { changes: [{ do: "compact", run_id: runId, first, last }], answer: before - Buffer.byteLength(json) };
}

/** `Upkeep.mentioned`; `read` guards each part. Between two parts others get their turn. */
export async function mentions(
  { store, reader, read }: { store: Store; reader: RunReader; read: <T>(from: () => T) => Promise<T> },
  ids: ReadonlySet<string>,
  { except = new Set(), signal }: NonNullable<Parameters<Upkeep["mentioned"]>[1]> = {},
): Promise<Set<string>> {
  const found = new Set<string>();
  const parts = textsOf(store, reader, except);
  while (found.size < ids.size) {
    signal?.throwIfAborted();
    const part = await read(() => parts.next());
    if (part.done) break;
    for (const text of part.value) collectMentions(text, ids, found);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return found;
}

function* textsOf(store: Store, reader: RunReader, except: ReadonlySet<string>): Generator<string[]> {
  for (const run of store.runs.all()) {
    if (except.has(run.runId)) continue;
    yield* reader.texts(run);
    if (!run.isGone) yield rowTexts(store, run);
  }
  for (const { run_id, payload } of store.commands.open()) if (!except.has(run_id)) yield [stringifyJson(payload)];
  // Facts outlive the runs that found them, and so does what they point at.
  for (let no = 1; no <= store.counters.memory_no; no++) yield [store.memory.get(String(no)) ?? ""];
  for (const { run_id, metadata, tags } of store.artifacts.all()) {
    if (!except.has(run_id ?? "")) yield [stringifyJson([metadata, tags])];
  }
}

/** What a run's row and its mail say in words. */
function rowTexts(store: Store, run: StoredRun): string[] {
  const { wait, output, error, lifecycle, schedule } = store.files.whole(run);
  const mail = [...run.mail.values()].map(({ body }) => body);
  return [stringifyJson([wait, output, error, lifecycle, schedule]), ...mail];
}
