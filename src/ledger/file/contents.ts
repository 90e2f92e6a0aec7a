import { parseJson } from "#core/json.ts";
import type { NewMail } from "#core/mail.ts";
import type { MemoryEvent } from "#core/memory-event.ts";
import type { Wait } from "#core/run.ts";
import type { ContentsState, LedgerContents } from "#ledger/contents.ts";
import { LineReader } from "#ledger/file/line-reader.ts";
import { openForReading } from "#ledger/file/open-store.ts";
import { RunReader } from "#ledger/file/run-reader.ts";
import { type StoredRun, type StoredStateLine, isCompacted } from "#ledger/file/stored-run.ts";

const pageSize = 500;

/** Opens a file ledger of ours that nobody works on; nothing in it is written. AppError `storage` when there is none, or it is damaged. */
export function openFileContents(folder: string): LedgerContents {
  const store = openForReading(folder);
  const reader = new RunReader(store, new LineReader());
  const runOf = (runId: string): StoredRun[] => {
    const run = store.runs.get(runId);
    return run ? [run] : [];
  };
  return {
    *runIds() {
      for (const { runId } of store.runs.all()) yield runId;
    },
    run(runId) {
      const [run] = runOf(runId);
      if (!run) return null;
      const mail = reader.mail(run, Number.POSITIVE_INFINITY).map(({ id: _id, ...rest }): NewMail => rest);
      return { run: store.files.whole(run), mail, listens: [...run.listens], isCompacted: isCompacted(run) };
    },
    *states(runId) {
      for (const run of runOf(runId)) {
        for (let no = 0; no <= run.stateNo;) {
          const page = reader.states(run, no, pageSize);
          yield* page.map(toState);
          no = (page.at(-1)?.no ?? run.stateNo) + 1;
        }
      }
    },
    *records(runId) {
      for (const run of runOf(runId)) {
        for (let seq = 0; seq < run.head;) {
          const page = reader.records(run, seq, { limit: pageSize });
          yield* page.map(({ json }) => json);
          seq = page.at(-1)?.seq ?? run.head;
        }
      }
    },
    commands: () => store.commands.all(),
    startKeys: () => store.startKeys.all(),
    artifacts: () => store.artifacts.all(),
    *memory() {
      for (let no = 1; no <= store.counters.memory_no; no++) {
        const row = store.memory.get(String(no));
        if (row !== null) yield parseJson(row) as unknown as MemoryEvent;
      }
    },
    close() {
      store.close();
      return Promise.resolve();
    },
  };
}

function toState({ seq, isSnapshot, json, nodeId, wait }: StoredStateLine): ContentsState {
  const parsed = wait === null ? null : (parseJson(wait) as unknown as Wait);
  return { seq, isSnapshot, json, position: { node_id: nodeId, wait: parsed } };
}
