import { describe, expect, test } from "bun:test";
import type { Calendar } from "#core/schedule.ts";
import { calendarMath } from "#scheduler/calendar.ts";

const at = (text: string) => Date.parse(text);
const calendar = (more: Partial<Calendar> = {}): Calendar => ({
  anchorMs: at("2026-01-01T00:00:00Z"),
  intervalMs: null,
  cron: [],
  timezone: null,
  includesAnchor: false,
  untilMs: null,
  ...more,
});
const times = (which: Calendar, from: string, count: number) => {
  const found: string[] = [];
  for (let now: number | null = at(from); found.length < count; found.push(new Date(now).toISOString())) {
    now = calendarMath.next(which, now);
    if (now === null) break;
  }
  return found;
};

describe("a pattern in a time zone", () => {
  const berlin = (pattern: string) => calendar({ cron: [pattern], timezone: "Europe/Berlin" });

  test("keeps to the local clock when summer begins and ends", () => {
    expect(times(berlin("0 9 * * *"), "2026-03-28T00:00:00Z", 3)).toEqual([
      "2026-03-28T08:00:00.000Z",
      "2026-03-29T07:00:00.000Z",
      "2026-03-30T07:00:00.000Z",
    ]);
  });

  test("comes once on the day that leaves its hour out, and once on the day that has it twice", () => {
    expect(times(berlin("30 2 * * *"), "2026-03-28T02:00:00Z", 2)).toEqual([
      "2026-03-29T01:00:00.000Z",
      "2026-03-30T00:30:00.000Z",
    ]);
    expect(times(berlin("30 2 * * *"), "2026-10-24T12:00:00Z", 2)).toEqual([
      "2026-10-25T00:30:00.000Z",
      "2026-10-26T01:30:00.000Z",
    ]);
  });

  test("knows month ends and leap years", () => {
    expect(times(calendar({ cron: ["0 0 L * *"] }), "2028-01-31T12:00:00Z", 2)).toEqual([
      "2028-02-29T00:00:00.000Z",
      "2028-03-31T00:00:00.000Z",
    ]);
    expect(times(calendar({ cron: ["0 0 29 2 *"] }), "2026-01-01T00:00:00Z", 1)).toEqual(["2028-02-29T00:00:00.000Z"]);
  });
});

test("several patterns and an interval come together, each time once, and end in time", () => {
  const mixed = calendar({
    intervalMs: 12 * 3_600_000,
    cron: ["0 6 * * *", "0 12 * * *"],
    includesAnchor: true,
    untilMs: at("2026-01-02T06:00:00Z"),
  });
  expect(times(mixed, "2025-12-31T00:00:00Z", 10)).toEqual([
    "2026-01-01T00:00:00.000Z",
    "2026-01-01T06:00:00.000Z",
    "2026-01-01T12:00:00.000Z",
    "2026-01-02T00:00:00.000Z",
    "2026-01-02T06:00:00.000Z",
  ]);
});

test("an interval is a grid from its start: however late one asks, the times stay where they are", () => {
  for (let round = 0; round < 2000; round++) {
    const intervalMs = 1000 + Math.floor(Math.random() * 1e8);
    const every = calendar({ intervalMs, includesAnchor: Math.random() < 0.5 });
    const now = every.anchorMs + Math.floor(Math.random() * 1e10) - 1e9;
    const next = calendarMath.next(every, now);
    expect(next).toBeGreaterThan(now);
    expect(((next ?? 0) - every.anchorMs) % intervalMs).toBe(0);
    const first = every.anchorMs + (every.includesAnchor ? 0 : intervalMs);
    expect(next).toBe(
      Math.max(first, every.anchorMs + Math.ceil((now + 1 - every.anchorMs) / intervalMs) * intervalMs),
    );
  }
});

test("the latest of the passed times, and how many lie before it", () => {
  const hourly = calendar({ intervalMs: 3_600_000, includesAnchor: true });
  const from = hourly.anchorMs - 1;
  expect(calendarMath.latest(hourly, from, at("2026-01-01T05:30:00Z"))).toEqual({
    atMs: at("2026-01-01T05:00:00Z"),
    others: 5,
  });
  expect(calendarMath.latest(hourly, at("2026-01-01T05:00:00Z"), at("2026-01-01T05:30:00Z"))).toBeNull();
  const daily = calendar({ cron: ["0 9 * * *"] });
  expect(calendarMath.latest(daily, at("2026-01-01T00:00:00Z"), at("2026-01-10T12:00:00Z"))).toEqual({
    atMs: at("2026-01-10T09:00:00Z"),
    others: 9,
  });
});

test("the latest of a pattern of seconds over years is found without walking through them", () => {
  const seconds = calendar({ cron: ["* * * * * *"], anchorMs: at("2000-01-01T00:00:00Z") });
  const latest = calendarMath.latest(seconds, seconds.anchorMs, at("2026-01-01T00:00:00Z"));
  expect(latest?.atMs).toBe(at("2026-01-01T00:00:00Z"));
});

test.each([
  [{ cron: ["0 0 30 2 *"] }, "never comes"],
  [{ cron: ["61 * * * *"] }, "cannot be read"],
  [{ cron: ["x".repeat(1000)] }, "cannot be read"],
  [{ cron: ["* * * * *"], timezone: "Mars/Olympus" }, "time zone 'Mars/Olympus' is not known"],
  [{ intervalMs: 0 }, "from 1 second"],
  [{ intervalMs: Number.NaN }, "from 1 second"],
  [{ intervalMs: 1e300 }, "from 1 second"],
  [{ anchorMs: Number.NaN }, "the start is not a time"],
  [{ untilMs: 0 }, "the end lies before the start"],
])("%j is refused", (more, reason) => {
  expect(calendarMath.problem(calendar(more))).toContain(reason);
});
