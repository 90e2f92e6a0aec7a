import type { Notice } from "#ledger/ledger.ts";
import { ChangeWatcher } from "#ledger/sqlite/change-watcher.ts";
import type { LedgerReader } from "#ledger/sqlite/reader.ts";
import { type WakeSocket, openWakeSocket } from "#ledger/sqlite/wake-socket.ts";

export interface PeersOptions {
  reader: LedgerReader;
  /** Id of this process among those on the file. */
  origin: string;
  wakeDir: string;
  report: (message: string) => void;
  publish: (notice: Notice) => void;
}

/** A look costs one pragma while nothing happened. It only finds what a lost wake-up left. */
const safetyMs = 1000;
/** Where the processes have no socket between them, looking is all they have. */
const withoutSocketMs = 50;

/** The other processes on the same file: what they commit is published here, and what is committed here wakes them. */
export class Peers {
  #watcher: ChangeWatcher;
  #wakes: WakeSocket | null;
  #listeners = new Set<() => void>();

  constructor({ reader, origin, wakeDir, report, publish }: PeersOptions) {
    this.#watcher = new ChangeWatcher(reader, origin, publish);
    const heard = {
      onWake: () => this.#watcher.look(),
      onPeerGone: () => {
        this.#watcher.look();
        for (const listener of this.#listeners) listener();
      },
    };
    this.#wakes = openWakeSocket({ dir: wakeDir, name: origin.slice(-12), ...heard }, report);
    this.#watcher.start(this.#wakes ? safetyMs : withoutSocketMs);
  }

  /** Something was committed here. */
  wake(): void {
    this.#wakes?.wake();
  }

  onGone(listener: () => void): () => void {
    const own = () => listener();
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  stopLooking(): void {
    this.#watcher.stop();
  }

  /** The others learn in this moment that this process went. */
  close(): void {
    this.#wakes?.close();
  }
}
