import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "#core/time.ts";
import type { Ledger, Notice } from "#ledger/ledger.ts";
import { openSqliteLedger } from "#ledger/sqlite/sqlite-ledger.ts";
import { type WakeSocket, openWakeSocket } from "#ledger/sqlite/wake-socket.ts";
import { Chain, newRun } from "./sample-runs.ts";

let folder: string;
const open: { close(): unknown }[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "wake-"));
});
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
  await rm(folder, { recursive: true, force: true });
});

/** A socket, and promises of what it hears next. */
function socket(name: string, dir = folder) {
  const heard = { woken: Promise.withResolvers<void>(), gone: Promise.withResolvers<void>() };
  const reports: string[] = [];
  const made = openWakeSocket(
    { dir, name, onWake: () => heard.woken.resolve(), onPeerGone: () => heard.gone.resolve() },
    (message) => void reports.push(message),
  );
  if (made) open.push(made);
  return { made: made as WakeSocket, heard, reports };
}

/** Both ends of a connection are there some moments after the later one dialled. */
async function wakeUntil(from: WakeSocket, heard: Promise<void>): Promise<void> {
  let isHeard = false;
  void heard.then(() => (isHeard = true));
  while (!isHeard) {
    from.wake();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe("processes on one data folder", () => {
  test("wake each other, whoever came first", async () => {
    const first = socket("a");
    const second = socket("b");
    const third = socket("c");
    await wakeUntil(first.made, second.heard.woken.promise);
    await wakeUntil(third.made, first.heard.woken.promise);
    await third.heard.woken.promise;
  });

  test("learn when one goes, and take away what one left that was killed", async () => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "dead.sock"), "");
    const first = socket("a");
    const second = socket("b");
    await wakeUntil(first.made, second.heard.woken.promise);
    second.made.close();
    await first.heard.gone.promise;
    expect(readdirSync(folder)).toEqual(["a.sock"]);
    first.made.close();
    expect(existsSync(join(folder, "a.sock"))).toBe(false);
  });

  test("without a place for sockets say so in a sentence and go on", () => {
    const long = socket("a", join(folder, "x".repeat(100)));
    expect([long.made, long.reports]).toEqual([null as never, [expect.stringContaining("too long for a socket")]]);
    writeFileSync(join(folder, "file"), "");
    const blocked = socket("a", join(folder, "file"));
    expect([blocked.made, blocked.reports]).toEqual([
      null as never,
      [expect.stringContaining("No socket can be made")],
    ]);
  });
});

describe("two ledgers on one file", () => {
  async function ledger(wakeDir: string): Promise<Ledger> {
    const shared = { wakeDir, report: () => undefined };
    const opened = await openSqliteLedger({ path: join(folder, "l.sqlite3"), now: systemClock, shared });
    open.push(opened);
    return opened;
  }

  const noticed = (from: Ledger, holds: (notice: Notice) => boolean) =>
    new Promise<Notice>((resolve) => {
      from.subscribe((notice) => {
        if (holds(notice)) resolve(notice);
      });
    });

  for (const [name, dir] of [
    ["over the socket", "wake"],
    ["without one", "x".repeat(120)],
  ] as const) {
    test(`hear of each other's commits with their records, ${name}`, async () => {
      const [one, other] = [await ledger(join(folder, dir)), await ledger(join(folder, dir))];
      const started = noticed(other, (notice) => notice.started.includes("r1"));
      await one.commit({ starts: [newRun("r1")] });
      await started;
      const update = new Chain("r1").next(2);
      const moved = noticed(one, (notice) =>
        notice.updates.some((each) => each.run_id === "r1" && each.head_seq === 2),
      );
      await other.commit({ updates: [update] });
      expect((await moved).updates[0]?.records).toEqual(update.records);
    });
  }

  test("one hears that the other was closed", async () => {
    const [one, other] = [await ledger(join(folder, "wake")), await ledger(join(folder, "wake"))];
    const started = noticed(other, () => true);
    await one.commit({ starts: [newRun("r1")] });
    await started;
    const gone = new Promise<void>((resolve) => void one.onPeerGone?.(resolve));
    await other.close();
    await gone;
  });
});
