import { AppError } from "#core/errors.ts";
import type { NewId } from "#core/ids.ts";
import { type RunNote, noteRecord } from "#core/note.ts";
import { type Run, isTerminal } from "#core/run.ts";
import { type Clock, isoTime } from "#core/time.ts";
import { seal } from "#ledger/chain.ts";
import type { Batch, Ledger } from "#ledger/ledger.ts";

export interface Annotation extends Pick<RunNote, "name" | "payload" | "actor_id"> {
  runId: string;
  /** Rows of what the note refers to: durable with it. */
  artifacts?: Batch["artifacts"];
}

/**
 * Puts a note into a run's ledger. After the end it follows the last record. Before it, only the run's own actor writes: the note lies in its
 * mailbox, durable, and is written between two steps; while the run waits for somebody it lies there until the wait is over, because
 * clients take a question for answered when another record follows it. AppErrors `not_found`, `storage`.
 */
export type AnnotateRun = (annotation: Annotation) => Promise<void>;

/** Other notes may be written in the same moment. */
const maxAttempts = 50;
/** A run that works comes to its mail when its present step lets it. */
const patienceMs = 2000;

export function createAnnotateRun(deps: { ledger: Ledger; now: Clock; newId: NewId }): AnnotateRun {
  const { ledger, now, newId } = deps;
  return async ({ runId, name, payload, actor_id, artifacts = [] }) => {
    const note: RunNote = { step_id: newId(), name, payload, at: isoTime(now()), actor_id };
    const run = await requireRun(ledger, runId);
    if (!isTerminal(run.status)) {
      if (await writtenByActor(ledger, run, { note, artifacts })) return;
    }
    await writeAfterEnd(ledger, runId, { note, artifacts });
  };
}

async function requireRun(ledger: Ledger, runId: string): Promise<Run> {
  const run = await ledger.getRun(runId);
  if (!run) throw new AppError("not_found", `Run '${runId}' not found`);
  return run;
}

interface Content {
  note: RunNote;
  artifacts: NonNullable<Batch["artifacts"]>;
}

/** False when the run ended without reading it. */
async function writtenByActor(ledger: Ledger, run: Run, { note, artifacts }: Content): Promise<boolean> {
  const { run_id: runId, head_seq: before } = run;
  const changes = changesOf(ledger, runId);
  try {
    await ledger.commit({ mail: [{ run_id: runId, kind: "note", note }], artifacts });
    for (;;) {
      const { status, head_seq } = await requireRun(ledger, runId);
      if (isTerminal(status)) return await isWritten(ledger, runId, { note, before, head: head_seq });
      if (status === "waiting" || !(await changes.next())) return true;
      if (await isWritten(ledger, runId, { note, before, head: head_seq })) return true;
    }
  } finally {
    changes.close();
  }
}

/** Wakes at each commit of a run. */
function changesOf(ledger: Ledger, runId: string) {
  let wake: (() => void) | null = null;
  let isNew = false;
  const unsubscribe = ledger.subscribe(({ updates }) => {
    if (!updates.some((update) => update.run_id === runId)) return;
    isNew = true;
    wake?.();
  });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), patienceMs);
  });
  return {
    /** False when it took too long. */
    async next(): Promise<boolean> {
      const came = new Promise<true>((resolve) => {
        wake = () => resolve(true);
        if (isNew) resolve(true);
      });
      const answer = await Promise.race([came, late]);
      isNew = false;
      return answer;
    },
    close() {
      clearTimeout(timer);
      unsubscribe();
    },
  };
}

async function isWritten(
  ledger: Ledger,
  runId: string,
  { note, before, head }: { note: RunNote; before: number; head: number },
): Promise<boolean> {
  for (let after = before; after < head;) {
    const records = await ledger.readRecords(runId, after, { limit: 500 });
    if (records.some(({ json }) => json.includes(note.step_id))) return true;
    const last = records.at(-1);
    if (!last) return false;
    after = last.seq;
  }
  return false;
}

async function writeAfterEnd(ledger: Ledger, runId: string, { note, artifacts }: Content): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const run = await requireRun(ledger, runId);
    const { head_seq, head_hash, epoch } = run;
    const records = [seal(noteRecord(run, note), head_seq + 1, head_hash)];
    const unchanged = { progress: run, delta: null, snapshot: null, consumed: [], listens: [] };
    try {
      await ledger.commit({
        updates: [{ run_id: runId, head_seq, epoch, records, ...unchanged, isNote: true }],
        artifacts,
      });
      return;
    } catch (error) {
      if (!(error instanceof AppError && error.code === "conflict") || attempt >= maxAttempts) throw error;
    }
  }
}
