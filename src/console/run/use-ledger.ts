import { useEffect, useState } from "react";
import { useClient } from "#console/session/session.tsx";
import type { LedgerEntry } from "#sdk/wire.ts";

export interface FollowedLedger {
  entries: LedgerEntry[];
  /** Everything was sent and the run has ended. */
  isDone: boolean;
  /** The line is down and is being opened again. */
  isLost: boolean;
  error: unknown;
}

const nothing: FollowedLedger = { entries: [], isDone: false, isLost: false, error: null };
/** Records that come together are shown together. */
const gatherMs = 80;

/** A run's whole ledger, from cursor zero and then live. */
export function useLedger(runId: string): FollowedLedger {
  const client = useClient();
  const [ledger, setLedger] = useState(nothing);
  useEffect(() => {
    const leaving = new AbortController();
    const entries: LedgerEntry[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    const show = (changes: Partial<FollowedLedger> = {}) => {
      clearTimeout(timer);
      timer = undefined;
      if (!leaving.signal.aborted) setLedger((before) => ({ ...before, ...changes, entries: [...entries] }));
    };
    const read = async () => {
      const onDisconnect = () => show({ isLost: true });
      try {
        for await (const entry of client.follow(runId, { signal: leaving.signal, onDisconnect })) {
          entries.push(entry);
          timer ??= setTimeout(() => show({ isLost: false }), gatherMs);
        }
        show({ isDone: true, isLost: false });
      } catch (error) {
        show({ error });
      }
    };
    void read();
    return () => {
      clearTimeout(timer);
      leaving.abort();
    };
  }, [client, runId]);
  return ledger;
}
