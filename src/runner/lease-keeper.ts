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

/** Takes the runner lease as soon as it is free and keeps it. A second runner waits here until the first one is gone. */
export class LeaseKeeper {
  #options: LeaseKeeperOptions;
  #lease: Lease | null = null;
  #lock: { release(): void } | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #isStopped = false;

  constructor(options: LeaseKeeperOptions) {
    this.#options = options;
  }

  get epoch(): number | null {
    return this.#lease?.epoch ?? null;
  }

  /** Tries at once; answers whether the lease is ours already. */
  async start(): Promise<boolean> {
    await this.#tick();
    return this.#lease !== null;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#timer) clearTimeout(this.#timer);
    const lease = this.#lease;
    this.#lease = null;
    if (lease) await this.#options.ledger.releaseLease(lease);
    this.#lock?.release();
    this.#lock = null;
  }

  async #tick(): Promise<void> {
    const { ledger, name, owner, leaseMs, onTaken, onLost } = this.#options;
    try {
      if (this.#lease) {
        this.#lease = await ledger.renewLease(this.#lease, leaseMs);
        if (!this.#lease) onLost();
      } else {
        this.#lock ??= this.#options.lock();
        if (this.#lock) this.#lease = await ledger.takeLease(name, owner, leaseMs);
        if (this.#lease) onTaken(this.#lease.epoch);
      }
    } catch {
      // A store that does not answer is tried again; when the lease runs out meanwhile, the next renewal says so.
    }
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => void this.#tick(), this.#lease ? leaseMs / 3 : Math.min(1000, leaseMs / 3));
  }
}
