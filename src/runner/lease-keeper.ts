import type { Lease, Ledger } from "#ledger/ledger.ts";

export interface LeaseKeeperOptions {
  ledger: Ledger;
  name: string;
  owner: string;
  leaseMs: number;
  /** Takes the lock that only one living process of this host can hold; null while another one lives. */
  lock: () => { release(): void } | null;
  /** Called each time the lease becomes ours, with its epoch. */
  onTaken: (epoch: number) => void;
  /** Called when it was lost: nothing may be committed under the old epoch any more. */
  onLost: () => void;
}

/** While it waits, another process may go at any time; when one went, its lock may be freed a moment after its connections. */
const waitMs = 1000;
const hurryMs = 20;
const hurriedTries = 25;

/** Takes the runner lease as soon as it is free and keeps it. A second runner waits here until the first one is gone. */
export class LeaseKeeper {
  #options: LeaseKeeperOptions;
  #lease: Lease | null = null;
  #lock: { release(): void } | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #isStopped = false;
  #ticking: Promise<void> | null = null;
  #hurried = 0;
  #unsubscribe: (() => void) | null = null;

  constructor(options: LeaseKeeperOptions) {
    this.#options = options;
  }

  get epoch(): number | null {
    return this.#lease?.epoch ?? null;
  }

  /** Tries at once; answers whether the lease is ours already. */
  async start(): Promise<boolean> {
    this.#unsubscribe = this.#options.ledger.onPeerGone?.(() => this.#hurry()) ?? null;
    await this.#tick();
    return this.#lease !== null;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#unsubscribe?.();
    if (this.#timer) clearTimeout(this.#timer);
    // What a look under way takes is given back too.
    await this.#ticking;
    const lease = this.#lease;
    this.#lease = null;
    if (lease) await this.#options.ledger.releaseLease(lease);
    this.#lock?.release();
    this.#lock = null;
  }

  /** Whoever went may have been the one that we wait for. */
  #hurry(): void {
    if (this.#lease || this.#isStopped) return;
    this.#hurried = hurriedTries;
    if (this.#ticking) return;
    if (this.#timer) clearTimeout(this.#timer);
    void this.#tick();
  }

  async #tick(): Promise<void> {
    this.#ticking = this.#take();
    await this.#ticking;
    this.#ticking = null;
    if (this.#isStopped) return;
    const { leaseMs } = this.#options;
    const pauseMs = this.#hurried > 0 ? hurryMs : Math.min(waitMs, leaseMs / 3);
    if (this.#hurried > 0) this.#hurried--;
    this.#timer = setTimeout(() => void this.#tick(), this.#lease ? leaseMs / 3 : pauseMs);
  }

  async #take(): Promise<void> {
    const { ledger, name, owner, leaseMs, onTaken, onLost } = this.#options;
    try {
      if (this.#lease) {
        this.#lease = await ledger.renewLease(this.#lease, leaseMs);
        if (!this.#lease) onLost();
      } else {
        this.#lock ??= this.#options.lock();
        if (this.#lock) this.#lease = await ledger.takeLease(name, owner, leaseMs);
        if (this.#lease && !this.#isStopped) onTaken(this.#lease.epoch);
      }
    } catch {
      // A store that does not answer is tried again; when the lease runs out meanwhile, the next renewal says so.
    }
  }
}
