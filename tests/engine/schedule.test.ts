import { describe, expect, test } from "bun:test";
import { type OverlapPolicy, overlapPolicies } from "#core/schedule.ts";
import type { JsonObject } from "#core/value.ts";
import { planNext } from "#engine/schedule/next-due.ts";
import type { ScheduleState } from "#engine/schedule/state.ts";
import { calendarMath } from "#scheduler/calendar.ts";

const hour = 3_600_000;
const zero = Date.parse("2026-01-01T00:00:00Z");
const at = (hours: number) => zero + hours * hour;

const schedule = (more: JsonObject = {}): JsonObject => ({
  interval: "1h",
  cron: [],
  timezone: null,
  anchor: "2026-01-01T00:00:00Z",
  starts_at_anchor: true,
  repeat_count: null,
  repeat_until: null,
  overlap: "skip",
  catchup_window: null,
  ...more,
});
const fresh = (more: Partial<ScheduleState> = {}): ScheduleState => ({
  fired: 0,
  skipped: 0,
  cursor: null,
  due: null,
  mode: "calendar",
  child: null,
  started: null,
  ended: null,
  backfill: [],
  replan: false,
  now: false,
  ...more,
});
/** The next time in hours, and how many were left out; null when there is none. */
function plan(what: JsonObject, state: ScheduleState, nowHours: number) {
  if (!planNext(what, state, calendarMath, at(nowHours))) return null;
  return [((state.due ?? Number.NaN) - zero) / hour, state.skipped, state.mode];
}

test("the first time is the start, the next one is on the grid, however long the run took", () => {
  expect(plan(schedule(), fresh(), -5)).toEqual([0, 0, "calendar"]);
  const ran = fresh({ fired: 1, cursor: at(0), started: at(0), ended: at(0.7) });
  expect(plan(schedule(), ran, 0.7)).toEqual([1, 0, "calendar"]);
});

test("it ends with its count, and with its time", () => {
  expect(plan(schedule({ repeat_count: 2 }), fresh({ fired: 2, cursor: at(1) }), 1)).toBeNull();
  const limited = schedule({ repeat_until: "2026-01-01T02:00:00Z" });
  expect(plan(limited, fresh({ fired: 2, cursor: at(1) }), 1.5)).toEqual([2, 0, "calendar"]);
  expect(plan(limited, fresh({ fired: 3, cursor: at(2) }), 2.5)).toBeNull();
  expect(plan(schedule({ interval: null }), fresh({ fired: 1, cursor: at(0) }), 1)).toBeNull();
});

describe("times that came while a run worked from 0 to 3.5", () => {
  const worked = () => fresh({ fired: 1, cursor: at(0), started: at(0), ended: at(3.5) });
  test.each<[OverlapPolicy, number, number]>([
    ["skip", 4, 3],
    ["buffer_one", 3, 2],
    ["buffer_all", 1, 0],
    ["allow_all", 1, 0],
    ["cancel_other", 3, 2],
  ])("with %s the next one is %d, and %d are left out", (overlap, due, skipped) => {
    expect(plan(schedule({ overlap }), worked(), 3.5)).toEqual([due, skipped, "calendar"]);
  });
});

describe("times that came while the gateway was down from 0.5 to 5.5", () => {
  const was = () => fresh({ fired: 1, cursor: at(0), started: at(0), ended: at(0.1) });

  test("are made up for once, or each", () => {
    expect(plan(schedule(), was(), 5.5)).toEqual([5, 4, "calendar"]);
    expect(plan(schedule({ overlap: "buffer_all" }), was(), 5.5)).toEqual([1, 0, "calendar"]);
  });

  test("are left out when they are older than the window", () => {
    expect(plan(schedule({ overlap: "buffer_all", catchup_window: "2h" }), was(), 5.5)).toEqual([4, 3, "calendar"]);
    expect(plan(schedule({ catchup_window: "10m" }), was(), 5.5)).toEqual([6, 5, "calendar"]);
  });
});

test("a past range is made up for first, from before the start too, and each of its times once", () => {
  const state = fresh({
    cursor: at(0),
    backfill: [
      { from: at(-2), to: at(-1) },
      { from: at(5), to: at(4) },
    ],
  });
  expect(plan(schedule(), state, 0.5)).toEqual([-2, 0, "backfill"]);
  expect(plan(schedule(), state, 0.5)).toEqual([-1, 0, "backfill"]);
  expect(plan(schedule(), state, 0.5)).toEqual([1, 0, "calendar"]);
  expect(state.backfill).toEqual([]);
});

test("whatever happens, no time comes twice and the skipped ones are counted", () => {
  for (let round = 0; round < 300; round++) {
    const overlap = overlapPolicies[round % overlapPolicies.length] ?? "skip";
    const what = schedule({ overlap, ...(round % 3 === 0 ? { catchup_window: "5h" } : {}) });
    const state = fresh();
    const seen: number[] = [];
    let now = -1;
    for (let step = 0; step < 20; step++) {
      expect(plan(what, state, now)).not.toBeNull();
      const due = ((state.due ?? 0) - zero) / hour;
      seen.push(due);
      // Woken in time, worked for a while, and now and then down for longer.
      now = Math.max(now, due);
      state.started = at(now);
      state.cursor = state.due;
      now += Math.random() < 0.2 ? Math.random() * 20 : Math.random() * 2;
      state.ended = at(now);
      state.fired += 1;
    }
    const ordered = seen.every((due, index) => index === 0 || due > (seen[index - 1] ?? 0));
    expect(ordered).toBe(true);
    expect(seen.every(Number.isInteger)).toBe(true);
    expect((seen.at(-1) ?? 0) + 1).toBe(seen.length + state.skipped);
  }
});
