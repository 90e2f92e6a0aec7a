import { describe, expect, test } from "bun:test";
import type { StepRecord } from "#core/record.ts";
import type { GatewayClient } from "#sdk/client.ts";
import { settled } from "#sdk/waits.ts";
import type { LedgerEntry, RunSummary } from "#sdk/wire.ts";

/** Runs as they stand, one after the other for each question, and ledgers. */
function fake(runs: Record<string, Partial<RunSummary>[]>, ledgers: Record<string, object[]> = {}) {
  const asked: string[] = [];
  const client: Pick<GatewayClient, "get" | "follow"> = {
    async get(runId) {
      asked.push(runId);
      const standing = runs[runId] ?? [];
      const now = standing.length > 1 ? standing.shift() : standing[0];
      return { run_id: runId, paused: false, waiting: null, ...now } as RunSummary;
    },
    async *follow(runId, { after = 0 } = {}) {
      for (const [index, record] of (ledgers[runId] ?? []).entries()) {
        if (index >= after) yield { cursor: index + 1, record: record as StepRecord } satisfies LedgerEntry;
      }
    },
  };
  return { client, asked };
}

const question = { reason: "user" as const, wait_key: "user:r:ask", prompt: "Which?", details: null };
const waits = (wait: object) => ({ status: "waiting", result: { wait } });

describe("settled", () => {
  test("answers at once for a run that has ended, and for one that asks", async () => {
    const { client } = fake({ done: [{ status: "failed" }], asks: [{ status: "waiting", waiting: question }] });
    expect(await settled(client, "done")).toMatchObject({ run: { status: "failed" }, question: null });
    expect(await settled(client, "asks")).toMatchObject({ question: { runId: "asks", prompt: "Which?" } });
  });

  test("passes over answered questions and waits for time on the way to the end", async () => {
    const runs = {
      r: [{ status: "running" }, { status: "running" }, { status: "completed" }] as Partial<RunSummary>[],
    };
    const { client, asked } = fake(runs, { r: [waits(question), { status: "completed" }] });
    expect(await settled(client, "r")).toMatchObject({ run: { status: "completed" }, question: null });
    expect(asked).toEqual(["r", "r", "r"]);
  });

  test("finds the question of a child run", async () => {
    const child = { reason: "subworkflow", wait_key: "subworkflow:c", details: { sub_run_id: "c" } };
    const runs = { r: [{ status: "waiting" }], c: [{ status: "waiting", waiting: question }] } as Record<
      string,
      Partial<RunSummary>[]
    >;
    const { client } = fake(runs, { r: [waits(child)] });
    expect(await settled(client, "r")).toMatchObject({ run: { run_id: "r" }, question: { runId: "c" } });
  });

  test("ends with the reason of its signal", async () => {
    const { client } = fake({ r: [{ status: "running" }] });
    const failed = settled(client, "r", { signal: AbortSignal.abort(new Error("enough")) });
    expect(await failed.catch((error: unknown) => error)).toMatchObject({ message: "enough" });
  });
});
