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

/** A run's whole ledger, from cursor zero and then live. A browser has few lines to one server: a page that nobody sees gives its line back. */
export function useLedger(runId: string): FollowedLedger {
  const client = useClient();
  const [ledger, setLedger] = useState(nothing);
  useEffect(() => {
    const entries: LedgerEntry[] = [];
    let isDone = false;
    let leaving = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const show = (changes: Partial<FollowedLedger> = {}) => {
      clearTimeout(timer);
      timer = undefined;
      setLedger((before) => ({ ...before, ...changes, entries: [...entries] }));
    };
    const read = async () => {
      const { signal } = leaving;
      const onDisconnect = () => show({ isLost: true });
      try {
        for await (const entry of client.follow(runId, { after: entries.length, signal, onDisconnect })) {
          entries.push(entry);
          timer ??= setTimeout(() => show({ isLost: false }), gatherMs);
        }
        if (signal.aborted) return;
        isDone = true;
        show({ isDone, isLost: false });
      } catch (error) {
        if (!signal.aborted) show({ error });
      }
    };
    const look = () => {
      leaving.abort();
      if (document.hidden || isDone) return;
      leaving = new AbortController();
      void read();
    };
    look();
    document.addEventListener("visibilitychange", look);
    return () => {
      document.removeEventListener("visibilitychange", look);
      clearTimeout(timer);
      leaving.abort();
    };
  }, [client, runId]);
  return ledger;
}
