import { restoreVars } from "#core/delta.ts";
import { stringifyJson } from "#core/json.ts";
import type { Ledger } from "#ledger/ledger.ts";
import type { EndedCursor } from "#ledger/upkeep.ts";
import { turn } from "#retention/retention.ts";

const page = 200;

/** Leaves of each run that ended before a time its first and its last state. Answers where to go on the next time. */
export async function compactEnded(
  ledger: Ledger,
  options: { before: string; after: EndedCursor | null; isDryRun: boolean; signal?: AbortSignal | undefined },
): Promise<{ runs: number; bytes: number; after: EndedCursor | null }> {
  const { before, isDryRun, signal } = options;
  let { after } = options;
  const sum = { runs: 0, bytes: 0 };
  for (;;) {
    const { items, next } = await ledger.endedRuns({ before, after, limit: page });
    for (const { run_id: runId, states } of items) {
      if (signal?.aborted) return { ...sum, after };
      if (states < 2) continue;
      const bytes = isDryRun ? await wouldFree(ledger, runId) : await compact(ledger, runId);
      if (bytes !== null) {
        sum.runs += 1;
        sum.bytes += bytes;
      }
      await turn();
    }
    if (!next) return { ...sum, after };
    after = next;
    await turn();
  }
}

async function compact(ledger: Ledger, runId: string): Promise<number | null> {
  const last = await lastState(ledger, runId);
  return last && ledger.compactStates(runId, last);
}

async function wouldFree(ledger: Ledger, runId: string): Promise<number | null> {
  const last = await lastState(ledger, runId);
  if (!last) return null;
  const { state_bytes: bytes } = await ledger.measureRuns([runId]);
  const first = (await ledger.readInput(runId)) ?? "";
  return bytes - Buffer.byteLength(first) - Buffer.byteLength(last.snapshot);
}

async function lastState(ledger: Ledger, runId: string): Promise<{ headSeq: number; snapshot: string } | null> {
  const state = await ledger.readState(runId);
  if (!state) return null;
  const isWhole = state.deltas.length === 0;
  const snapshot = isWhole ? state.snapshot : stringifyJson(restoreVars(state.snapshot, state.deltas));
  return { headSeq: state.seq, snapshot };
}
