import type { Lease } from "#ledger/ledger.ts";
import type { Task } from "#ledger/sqlite/jobs.ts";
import type { Statements } from "#ledger/sqlite/statements.ts";

type Row = { owner: string; epoch: number; until_ms: number } | null;

/** The epoch grows when the owner changes, and when a lease that was given back is taken again. */
export function takeLease(task: Extract<Task, { do: "take_lease" }>, statements: Statements): Lease | null {
  const { name, owner, leaseMs, nowMs } = task;
  const held = statements.findLease.get(name) as Row;
  if (held && held.owner !== owner && held.owner !== "" && held.until_ms > nowMs) return null;
  const epoch = held === null ? 1 : held.owner === owner ? held.epoch : held.epoch + 1;
  return put({ name, owner, epoch, untilMs: nowMs + leaseMs }, statements);
}

export function renewLease(task: Extract<Task, { do: "renew_lease" }>, statements: Statements): Lease | null {
  const { lease, leaseMs, nowMs } = task;
  return isHeld(lease, statements) ? put({ ...lease, untilMs: nowMs + leaseMs }, statements) : null;
}

/** Keeps the row for its epoch. */
export function releaseLease(lease: Lease, statements: Statements): null {
  if (isHeld(lease, statements)) put({ ...lease, owner: "", untilMs: 0 }, statements);
  return null;
}

function isHeld(lease: Lease, statements: Statements): boolean {
  const held = statements.findLease.get(lease.name) as Row;
  return held !== null && held.owner === lease.owner && held.epoch === lease.epoch;
}

function put(lease: Lease, statements: Statements): Lease {
  statements.putLease.run(lease.name, lease.owner, lease.epoch, lease.untilMs);
  return lease;
}
