export interface LockoutOptions {
  /** Consecutive failures of one address before it is locked. 0 or less: never. */
  after: number;
  baseS: number;
  maxS: number;
}

/** Holds back an address that keeps failing to authenticate: `base · 2^(failures − after)` seconds, at most `max`. */
export interface Lockout {
  /** False while no address has failed: the common case, so that a request need not look up its address. */
  readonly active: boolean;
  /** Seconds, rounded up, that the address must still wait; 0 when it may try. */
  retryAfterS(address: string, nowMs: number): number;
  fail(address: string, nowMs: number): void;
  succeed(address: string): void;
}

/** Memory is bounded: of more addresses than this the one that failed longest ago is forgotten. */
const maxAddresses = 10_000;

export function createLockout(options: LockoutOptions): Lockout {
  const entries = new Map<string, { failures: number; untilMs: number }>();
  return {
    get active() {
      return entries.size > 0;
    },
    retryAfterS(address, nowMs) {
      const entry = entries.get(address);
      return entry && entry.untilMs > nowMs ? Math.max(1, Math.ceil((entry.untilMs - nowMs) / 1000)) : 0;
    },
    fail(address, nowMs) {
      if (options.after <= 0) return;
      const failures = (entries.get(address)?.failures ?? 0) + 1;
      const over = failures - options.after;
      const lockS = over < 0 ? 0 : Math.min(options.maxS, options.baseS * 2 ** Math.min(over, 60));
      entries.delete(address);
      entries.set(address, { failures, untilMs: nowMs + lockS * 1000 });
      const oldest = entries.keys().next().value;
      if (entries.size > maxAddresses && oldest !== undefined) entries.delete(oldest);
    },
    succeed(address) {
      entries.delete(address);
    },
  };
}
