import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newId } from "#core/ids.ts";
import { everything } from "#core/scope.ts";
import { isoTime } from "#core/time.ts";
import type { Ledger } from "#ledger/ledger.ts";
import { scopedLedger } from "#ledger/scoped-ledger.ts";
import { openSqliteLedger } from "#ledger/sqlite/sqlite-ledger.ts";
import { listDeliveries, removeOldDeliveries } from "#webhooks/deliveries.ts";
import { deliveryRun } from "#webhooks/delivery-run.ts";

const nowMs = Date.parse("2026-11-27T12:00:00Z");
const day = 86_400_000;
let folder: string;
let ledger: Ledger;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "deliveries-test-"));
  ledger = await openSqliteLedger({ path: join(folder, "gateway.sqlite3"), now: () => nowMs });
});
afterEach(async () => {
  await ledger.close();
  await rm(folder, { recursive: true, force: true });
});

/** A delivery of `wh_1` that was last changed so long ago. */
async function add(status: "waiting" | "completed" | "failed", agoMs: number, webhook = "wh_1"): Promise<string> {
  const message = { type: "webhook.test" as const, timestamp: "t", data: {} };
  const start = deliveryRun({ id: webhook, runtimeId: "default" }, message, { now: () => nowMs, newId });
  const { run } = start;
  await ledger.commit({ starts: [start] });
  const at = isoTime(nowMs - agoMs);
  const progress = { ...run, status, updated_at: at, finished_at: status === "waiting" ? null : at };
  const rest = { records: [], delta: null, snapshot: null, consumed: [], listens: [] };
  await ledger.commit({ updates: [{ run_id: run.run_id, head_seq: 0, epoch: 0, progress, ...rest }] });
  return run.run_id;
}

test("deliveries that are over go after a week; those that are still tried, and those of other webhooks, stay", async () => {
  const recent = await add("completed", 6 * day);
  await add("completed", 8 * day);
  await add("failed", 8 * day);
  const tried = await add("waiting", 8 * day);
  const other = await add("completed", 8 * day, "wh_2");
  const scoped = scopedLedger(ledger, everything);
  await removeOldDeliveries(scoped, ["wh_1"], nowMs);
  const left = (await listDeliveries(scoped, "wh_1", 10)).map(({ run_id }) => run_id);
  expect(left).toEqual([recent, tried]);
  expect(await ledger.getRun(other)).not.toBeNull();
});
