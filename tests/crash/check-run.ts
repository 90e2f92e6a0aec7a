import { expect } from "bun:test";
import type { Gateway } from "#fixtures/gateway.ts";

export interface Expected {
  runId: string;
  kind: "loop" | "parent" | "ask" | "timer" | "short";
  turns: number;
}

/** Holds a finished run's ledger against what its flow must have done: everything once, in a chain without a gap. */
export async function checkRun(gateway: Gateway, { runId, kind, turns }: Expected): Promise<void> {
  const { status, body: run } = await gateway.get(`/runs/${runId}`);
  expect([runId, kind, status, run.status, run.error]).toEqual([runId, kind, 200, "completed", null]);
  const records = await gateway.ledger(runId);
  checkChain(records);
  const ends = records.filter((record) => record.effect === null && record.status === "completed");
  const statusRows = records.filter((record) => record.idempotency_key === "system:terminal_status:completed");
  expect([runId, kind, ends.length, statusRows.length]).toEqual([runId, kind, 1, 1]);
  const said = records
    .filter((record) => record.effect?.type === "answer_user" && record.status === "completed")
    .map(
      (record) =>
        `${record.node_id}:${Number.isNaN(Number(record.result.message)) ? record.result.message : Number(record.result.message)}`,
    );
  expect(said).toEqual(answersOf(kind, turns, records));
  checkPairs(records);
  if (kind === "parent") await checkChild(gateway, records);
}

function answersOf(kind: Expected["kind"], turns: number, records: any[]): string[] {
  if (kind === "loop")
    return Array.from({ length: turns }, (_, index) => [`a1:${index + 1}`, `a2:${index + 1}`]).flat();
  if (kind === "parent") return ["a:child is done"];
  if (kind === "timer") return ["a:time is up"];
  if (kind === "short") return ["a1:one", "a2:two", "a3:three"];
  const answered = records.filter((record) => record.effect?.type === "resume");
  expect(answered.length).toBe(1);
  return [`ans:${answered[0].effect.payload.payload.response}`];
}

function checkChain(records: any[]): void {
  let previous: string | null = null;
  for (const record of records) {
    expect(record.prev_hash).toBe(previous);
    previous = record.record_hash;
  }
}

/** Every step has one start and one end. */
function checkPairs(records: any[]): void {
  const byStep = new Map<string, string[]>();
  for (const record of records) {
    if (record.effect === null || record.effect.type === "resume" || record.idempotency_key?.startsWith("system:"))
      continue;
    byStep.set(record.step_id, [...(byStep.get(record.step_id) ?? []), record.status]);
  }
  for (const statuses of byStep.values())
    expect(["started,completed", "started,waiting"]).toContain(statuses.join(","));
}

async function checkChild(gateway: Gateway, records: any[]): Promise<void> {
  const waits = records.filter((record) => record.effect?.type === "start_subworkflow" && record.status === "waiting");
  expect(waits.length).toBe(1);
  const childId = waits[0].result.wait.details.sub_run_id;
  const { body: child } = await gateway.get(`/runs/${childId}`);
  expect(child.parent_run_id).toBe(records[0].run_id);
  await checkRun(gateway, { runId: childId, kind: "short", turns: 0 });
}
