import type { Lease } from "#ledger/ledger.ts";
import { type HeldLease, renewedLease, returnedLease, takenLease } from "#ledger/lease-rules.ts";
import type { Task } from "#ledger/sqlite/jobs.ts";
import type { Statements } from "#ledger/sqlite/statements.ts";

export function takeLease(task: Extract<Task, { do: "take_lease" }>, statements: Statements): Lease | null {
  return put(takenLease(held(task.name, statements), task), statements);
}

export function renewLease(task: Extract<Task, { do: "renew_lease" }>, statements: Statements): Lease | null {
  return put(renewedLease(held(task.lease.name, statements), task), statements);
}

export function releaseLease(lease: Lease, statements: Statements): null {
  put(returnedLease(held(lease.name, statements), lease), statements);
  return null;
}

function held(name: string, statements: Statements): HeldLease {
  const row = statements.findLease.get(name) as { owner: string; epoch: number; until_ms: number } | null;
  return row && { owner: row.owner, epoch: row.epoch, untilMs: row.until_ms };
}

function put(lease: Lease | null, statements: Statements): Lease | null {
  if (lease) statements.putLease.run(lease.name, lease.owner, lease.epoch, lease.untilMs);
  return lease;
}
