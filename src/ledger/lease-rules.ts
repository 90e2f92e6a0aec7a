import type { Lease } from "#ledger/ledger.ts";

/* Who may have a lease. Every answer is the lease to store, or null. */

/** What is stored of a lease. A lease that was given back has no owner, and keeps its epoch. */
export type HeldLease = Pick<Lease, "owner" | "epoch" | "untilMs"> | null;

/** The epoch grows when the owner changes, and when a lease that was given back is taken again. */
export function takenLease(
  held: HeldLease,
  { name, owner, leaseMs, nowMs }: { name: string; owner: string; leaseMs: number; nowMs: number },
): Lease | null {
  if (held && held.owner !== owner && held.owner !== "" && held.untilMs > nowMs) return null;
  const epoch = held === null ? 1 : held.owner === owner ? held.epoch : held.epoch + 1;
  return { name, owner, epoch, untilMs: nowMs + leaseMs };
}

export function renewedLease(
  held: HeldLease,
  { lease, leaseMs, nowMs }: { lease: Lease; leaseMs: number; nowMs: number },
): Lease | null {
  return isHeld(held, lease) ? { ...lease, untilMs: nowMs + leaseMs } : null;
}

export function returnedLease(held: HeldLease, lease: Lease): Lease | null {
  return isHeld(held, lease) ? { ...lease, owner: "", untilMs: 0 } : null;
}

function isHeld(held: HeldLease, lease: Lease): boolean {
  return held !== null && held.owner === lease.owner && held.epoch === lease.epoch;
}
