import { AppError } from "#core/errors.ts";
import type { SealedRecord } from "#core/record.ts";
import { type TerminalStatus, isTerminal } from "#core/run.ts";
import type { Ledger, Notice } from "#ledger/ledger.ts";

/** Live records of runs for any number of followers: pushed by the ledger's notices, encoded once, never queued per follower. */
export interface Hub {
  /** Follows a run from a cursor (records consumed so far). Close it when done. */
  follow(runId: string, after: number): RunFollower;
  /** Runs that somebody follows. */
  readonly followedRuns: number;
  /** Ends every wait with AppError `unavailable`. */
  close(): void;
}

export interface RunFollower {
  /** Cursor of the last record that was handed out. */
  readonly cursor: number;
  /**
   * The next records as SSE frames, as soon as there are any; or the end, when the run is terminal and everything was handed out. One call
   * at a time. Rejects with the signal's reason when it aborts, with AppError `not_found` for an unknown run; the follower stays usable
   * after an abort.
   */
  next(signal?: AbortSignal): Promise<Frames | Ended>;
  close(): void;
}

export interface Frames {
  ended: false;
  /** Cursor after these frames. */
  cursor: number;
  frames: Uint8Array[];
}

export interface Ended {
  ended: true;
  cursor: number;
  status: TerminalStatus;
}

export interface HubOptions {
  /** Recent records kept per followed run. Who lags further behind reads pages of the ledger. */
  ringRecords?: number;
  ringBytes?: number;
  /** Bounds of what one `next` hands out. */
  pageRecords?: number;
  pageBytes?: number;
}

export function createHub(ledger: Ledger, options: HubOptions = {}): Hub {
  const { ringRecords = 256, ringBytes = 1_048_576, pageRecords = 256, pageBytes = 524_288 } = options;
  return new LiveHub(ledger, { ringRecords, ringBytes, pageRecords, pageBytes });
}

const encoder = new TextEncoder();

/** One record as the bytes of a server-sent event (contract: `id` is the cursor, event `step`, one data line). */
export function encodeFrame(record: SealedRecord): Uint8Array {
  const { seq, json } = record;
  return encoder.encode(`id: ${seq}\nevent: step\ndata: {"cursor": ${seq}, "record": ${json}}\n\n`);
}

class LiveHub implements Hub {
  readonly ledger: Ledger;
  readonly limits: Required<HubOptions>;
  #channels = new Map<string, Channel>();
  #unsubscribe: (() => void) | null = null;

  constructor(ledger: Ledger, limits: Required<HubOptions>) {
    this.ledger = ledger;
    this.limits = limits;
  }

  get followedRuns(): number {
    return this.#channels.size;
  }

  follow(runId: string, after: number): RunFollower {
    this.#unsubscribe ??= this.ledger.subscribe((notice) => this.#deliver(notice));
    let channel = this.#channels.get(runId);
    if (!channel) {
      channel = new Channel(runId, this);
      this.#channels.set(runId, channel);
    }
    const follower = new Follower(channel, after);
    channel.followers.add(follower);
    return follower;
  }

  leave(channel: Channel, follower: Follower): void {
    channel.followers.delete(follower);
    if (channel.followers.size > 0 || this.#channels.get(channel.runId) !== channel) return;
    this.#channels.delete(channel.runId);
    if (this.#channels.size > 0) return;
    this.#unsubscribe?.();
    this.#unsubscribe = null;
  }

  close(): void {
    this.#unsubscribe?.();
    this.#unsubscribe = null;
    for (const channel of this.#channels.values()) for (const follower of channel.followers) follower.stop();
    this.#channels.clear();
  }

  #deliver(notice: Notice): void {
    for (const update of notice.updates) this.#channels.get(update.run_id)?.push(update);
  }
}

interface Slot {
  record: SealedRecord;
  frame: Uint8Array | null;
}

/** What all followers of one run share: how far it is, and its most recent records. */
class Channel {
  readonly runId: string;
  readonly hub: LiveHub;
  readonly followers = new Set<Follower>();
  head = 0;
  ended: TerminalStatus | null = null;
  #looked: Promise<void> | null = null;
  #ring: Slot[] = [];
  #ringBytes = 0;

  constructor(runId: string, hub: LiveHub) {
    this.runId = runId;
    this.hub = hub;
  }

  /** Reads once where the run stands. Notices that come meanwhile only move it further. */
  look(): Promise<void> {
    this.#looked ??= this.#look().catch((error: unknown) => {
      this.#looked = null;
      throw error;
    });
    return this.#looked;
  }

  async #look(): Promise<void> {
    const run = await this.hub.ledger.getRun(this.runId);
    if (!run) throw new AppError("not_found", `Run '${this.runId}' not found`);
    this.head = Math.max(this.head, run.head_seq);
    if (isTerminal(run.status)) this.ended = run.status;
  }

  push(update: Notice["updates"][number]): void {
    for (const record of update.records) this.#keep(record);
    this.head = Math.max(this.head, update.head_seq);
    if (isTerminal(update.status)) this.ended = update.status;
    for (const follower of this.followers) follower.wake();
  }

  #keep(record: SealedRecord): void {
    const last = this.#ring.at(-1)?.record.seq ?? null;
    if (last !== null && record.seq <= last) return;
    // The ring is one stretch without gaps: what does not follow starts a new one.
    if (last !== null && record.seq !== last + 1) this.#clear();
    this.#ring.push({ record, frame: null });
    this.#ringBytes += record.json.length;
    const { ringRecords, ringBytes } = this.hub.limits;
    let drop = 0;
    while (this.#ring.length - drop > ringRecords || (this.#ringBytes > ringBytes && drop < this.#ring.length - 1)) {
      this.#ringBytes -= this.#ring[drop++]?.record.json.length ?? 0;
    }
    if (drop > 0) this.#ring.splice(0, drop);
  }

  #clear(): void {
    this.#ring = [];
    this.#ringBytes = 0;
  }

  /** Frames after a cursor from memory, or null when memory does not reach back that far. */
  recent(after: number): Frames | null {
    const first = this.#ring[0]?.record.seq;
    if (first === undefined || after + 1 < first) return null;
    const { pageRecords, pageBytes } = this.hub.limits;
    const frames: Uint8Array[] = [];
    let bytes = 0;
    for (let at = after + 1 - first; at < this.#ring.length && frames.length < pageRecords; at++) {
      const slot = this.#ring[at] as Slot;
      slot.frame ??= encodeFrame(slot.record);
      bytes += slot.frame.length;
      if (bytes > pageBytes && frames.length > 0) break;
      frames.push(slot.frame);
    }
    return frames.length === 0 ? null : { ended: false, cursor: after + frames.length, frames };
  }

  async page(after: number): Promise<Frames | null> {
    const { pageRecords, pageBytes } = this.hub.limits;
    const records = await this.hub.ledger.readRecords(this.runId, after, { limit: pageRecords, maxBytes: pageBytes });
    const last = records.at(-1);
    return last ? { ended: false, cursor: last.seq, frames: records.map(encodeFrame) } : null;
  }
}

/** A cursor and, while it waits, one wake-up. */
class Follower implements RunFollower {
  cursor: number;
  #channel: Channel;
  #wake: ((error?: AppError) => void) | null = null;
  #isClosed = false;

  constructor(channel: Channel, after: number) {
    this.#channel = channel;
    this.cursor = after;
  }

  async next(signal?: AbortSignal): Promise<Frames | Ended> {
    const channel = this.#channel;
    await channel.look();
    for (;;) {
      signal?.throwIfAborted();
      if (this.#isClosed) throw new AppError("unavailable", "The stream was closed");
      if (this.cursor < channel.head) {
        const found = channel.recent(this.cursor) ?? (await channel.page(this.cursor));
        if (found) {
          this.cursor = found.cursor;
          return found;
        }
        throw new AppError("not_found", `The records of run '${channel.runId}' after ${this.cursor} are gone`);
      }
      if (channel.ended) return { ended: true, cursor: this.cursor, status: channel.ended };
      await this.#wait(signal);
    }
  }

  wake(): void {
    this.#wake?.();
  }

  stop(): void {
    this.#isClosed = true;
    this.#wake?.(new AppError("unavailable", "The stream was closed"));
  }

  close(): void {
    this.stop();
    this.#channel.hub.leave(this.#channel, this);
  }

  #wait(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = () => done(signal?.reason);
      const done = (error?: unknown) => {
        this.#wake = null;
        signal?.removeEventListener("abort", abort);
        if (error === undefined) resolve();
        else reject(error);
      };
      this.#wake = done;
      signal?.addEventListener("abort", abort);
    });
  }
}
