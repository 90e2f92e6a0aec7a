import { describe, expect, test } from "bun:test";
import { Editor } from "#core/delta.ts";
import type { OverlapPolicy } from "#core/schedule.ts";
import { isoTime, parseTime } from "#core/time.ts";
import { type JsonObject, isObject } from "#core/value.ts";
import { advance } from "#engine/advance.ts";
import type { Execution, Input } from "#engine/engine.ts";
import { schedulePlan } from "#engine/schedule/plan.ts";
import { calendarMath } from "#scheduler/calendar.ts";

/*
 * The run of a schedule on a clock of the test: years pass as fast as the engine goes. Nothing is left out but the ledger and real timers;
 * the plan, its nodes and the calendar are those of the gateway.
 */

const hour = 3_600_000;
const day = 24 * hour;
const at = (text: string) => Date.parse(text);

interface World {
  schedule: JsonObject;
  from: string;
  until: string;
  /** How long the run works that is started at this time, ms. */
  worksMs?: (startedMs: number) => number;
  /** No process is there from the first to the second time; timers come late, then. */
  down?: [string, string][];
}

interface Lived {
  /** When runs were started. */
  starts: number[];
  cancelled: number;
  skipped: number;
  /** Most runs at work at the same time. */
  atOnce: number;
}

const endless = { maxRecords: 1_000_000, maxNodes: 1_000_000, untilMs: Number.POSITIVE_INFINITY };

function live({ schedule, from, until, worksMs = () => 1000, down = [] }: World): Lived {
  let now = at(from);
  let ids = 0;
  const lived: Lived = { starts: [], cancelled: 0, skipped: 0, atOnce: 0 };
  const ends = new Map<string, number>();
  const defaults = {
    anchor: isoTime(now),
    starts_at_anchor: false,
    interval: null,
    cron: [],
    timezone: null,
    overlap: "skip",
    target_workflow_id: "w@1:w",
  };
  const plan = schedulePlan("scheduled:test");
  const execution: Execution = {
    plan,
    ids: { run_id: "clock", workflow_id: plan.workflow_id, session_id: "s", actor_id: "gateway" },
    vars: new Editor({ vars: {}, _meta: { schedule: { ...defaults, ...schedule } } }),
    node_id: plan.entry,
    wait: null,
    pending: null,
    records: [],
    now: () => now,
    newId: () => `id-${++ids}`,
    random: () => 0,
    options: {
      compatNodeErrors: false,
      effectTypes: new Set(["start_subworkflow", "steer_run"]),
      calendar: calendarMath,
    },
  };
  const awake = (ms: number) => {
    const outage = down.find(([start, end]) => ms >= at(start) && ms < at(end));
    return outage ? at(outage[1]) : ms;
  };
  let input: Input = { kind: "continue" };
  while (now < at(until)) {
    const step = advance(execution, input, endless);
    execution.records.splice(0);
    execution.vars.take();
    if (step.kind === "end") {
      if (step.status === "failed") throw new Error(step.error ?? "failed");
      break;
    }
    input = react(step.kind);
  }
  const state = execution.vars.peek("_schedule");
  lived.skipped = isObject(state) ? Number(state["skipped"]) : 0;
  return lived;

  function react(kind: string): Input {
    if (kind === "yield") return { kind: "continue" };
    if (kind === "wait") return waited();
    const effect = execution.pending?.effect;
    if (effect?.type === "steer_run") {
      const child = String(effect.payload["run_id"]);
      if ((ends.get(child) ?? 0) > now) {
        ends.set(child, now);
        lived.cancelled++;
      }
      return { kind: "outcome", outcome: { status: "completed", result: {} } };
    }
    const child = `child-${++ids}`;
    lived.starts.push(now);
    ends.set(child, now + worksMs(now));
    lived.atOnce = Math.max(lived.atOnce, [...ends.values()].filter((end) => end > now).length);
    for (const [each, end] of ends) if (end <= now - day) ends.delete(each);
    if (effect?.payload["wait"] === false) {
      return { kind: "outcome", outcome: { status: "completed", result: { sub_run_id: child, async: true } } };
    }
    const resumesAt = effect?.payload["resume_to_node"];
    const wait = {
      ...noWait,
      reason: "subworkflow" as const,
      wait_key: `subworkflow:${child}`,
      resume_to_node: typeof resumesAt === "string" ? resumesAt : null,
      result_key: effect?.result_key ?? null,
      details: { sub_run_id: child },
    };
    return { kind: "outcome", outcome: { status: "waiting", wait } };
  }

  function waited(): Input {
    const { wait } = execution;
    if (wait?.reason === "until") {
      now = awake(Math.max(now, parseTime(wait.until ?? "")));
      return { kind: "timer" };
    }
    const child = String(wait?.details?.["sub_run_id"]);
    now = awake(Math.max(now, ends.get(child) ?? now));
    return { kind: "resume", payload: { sub_run_id: child, output: { success: true } } };
  }
}

const noWait = {
  until: null,
  prompt: null,
  choices: null,
  allow_free_text: false,
};

/** Date and time of day in a zone, by the platform's own calendar. */
function localClock(timezone: string) {
  const format = new Intl.DateTimeFormat("en-CA", {
    timeZone: timezone,
    dateStyle: "short",
    timeStyle: "medium",
    hourCycle: "h23",
  });
  return (ms: number) => {
    const parts = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, value.padStart(2, "0")]));
    return { date: `${parts["year"]}-${parts["month"]}-${parts["day"]}`, time: `${parts["hour"]}:${parts["minute"]}` };
  };
}

function datesBetween(from: string, until: string): string[] {
  const dates: string[] = [];
  for (let ms = at(`${from}T00:00:00Z`); ms < at(`${until}T00:00:00Z`); ms += day) dates.push(isoTime(ms).slice(0, 10));
  return dates;
}

// One on each hemisphere with a whole hour, and the one whose clock moves by half an hour.
const zones = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"];

describe.each(zones)("a daily time in %s, for five years", (timezone) => {
  const liveThrough = (pattern: string) =>
    live({ schedule: { cron: [pattern], timezone }, from: "2027-01-01T12:00:00Z", until: "2032-01-01T12:00:00Z" });

  test("is the same on the clock in summer and in winter, once on every day, leap days too", () => {
    const clock = localClock(timezone);
    const { starts, skipped } = liveThrough("0 9 * * *");
    const seen = starts.map(clock);
    expect(new Set(seen.map(({ time }) => time))).toEqual(new Set(["09:00"]));
    const dates = seen.map(({ date }) => date);
    expect(dates).toEqual(datesBetween(dates[0] ?? "", "2033-01-01").slice(0, dates.length));
    expect(dates.length).toBeGreaterThan(5 * 365);
    expect(dates.filter((date) => date.endsWith("02-29"))).toEqual(["2028-02-29"]);
    expect(skipped).toBe(0);
    // The clocks were changed twice a year, or the test would show nothing.
    const offsets = new Set(starts.map((ms) => (ms / 60_000) % 1440));
    expect(offsets.size).toBe(2);
  });

  test("inside the hour that is left out or comes twice comes once on that day too", () => {
    const clock = localClock(timezone);
    for (const pattern of ["15 2 * * *", "45 1 * * *"]) {
      const dates = liveThrough(pattern).starts.map((ms) => clock(ms).date);
      expect(new Set(dates).size).toBe(dates.length);
      expect(dates).toEqual(datesBetween(dates[0] ?? "", "2033-01-01").slice(0, dates.length));
    }
  });
});

test("a yearly time on the leap day comes in leap years only, and a monthly one on the last day of each month", () => {
  const leap = live({
    schedule: { cron: ["0 0 29 2 *"] },
    from: "2026-01-01T00:00:00Z",
    until: "2041-01-01T00:00:00Z",
  });
  expect(leap.starts.map((ms) => isoTime(ms).slice(0, 10))).toEqual([
    "2028-02-29",
    "2032-02-29",
    "2036-02-29",
    "2040-02-29",
  ]);
  const months = live({
    schedule: { cron: ["0 0 L * *"] },
    from: "2027-01-01T00:00:00Z",
    until: "2031-01-01T00:00:00Z",
  });
  expect(months.starts).toHaveLength(48);
  for (const ms of months.starts) expect(isoTime(ms + day).slice(8, 10)).toBe("01");
});

describe("an hourly time whose runs work for two and a half hours, for a year", () => {
  // The first one after an hour, the last one before the year is over.
  const year = 365 * 24 - 1;
  const through = (overlap: OverlapPolicy) =>
    live({
      schedule: { interval: "1h", overlap },
      from: "2026-01-01T00:00:00Z",
      until: "2027-01-01T00:00:00Z",
      worksMs: () => 2.5 * hour,
    });

  test("skip: one at a time, always on the grid, and what passed meanwhile is counted", () => {
    const { starts, skipped, atOnce } = through("skip");
    expect(atOnce).toBe(1);
    expect(starts.every((ms) => ms % hour === 0)).toBe(true);
    expect(starts.every((ms, index) => index === 0 || ms - (starts[index - 1] ?? 0) === 3 * hour)).toBe(true);
    expect(Math.abs(starts.length + skipped - year)).toBeLessThanOrEqual(3);
  });

  test("buffer_one: the next one as soon as the last has ended, and never two at once", () => {
    const { starts, atOnce, skipped } = through("buffer_one");
    expect(atOnce).toBe(1);
    expect(starts.every((ms, index) => index === 0 || ms - (starts[index - 1] ?? 0) === 2.5 * hour)).toBe(true);
    expect(Math.abs(starts.length + skipped - year)).toBeLessThanOrEqual(3);
  });

  test("buffer_all: none is left out, one after the other", () => {
    const { starts, atOnce, skipped } = through("buffer_all");
    expect([atOnce, skipped]).toEqual([1, 0]);
    expect(starts.length).toBe(Math.ceil(year / 2.5));
  });

  test("cancel_other: each one at its time, and the one before is ended", () => {
    const { starts, cancelled, skipped, atOnce } = through("cancel_other");
    expect([starts.length, cancelled, skipped, atOnce]).toEqual([year, year - 1, 0, 1]);
  });

  test("allow_all: each one at its time, side by side", () => {
    const { starts, cancelled, skipped, atOnce } = through("allow_all");
    expect([starts.length, cancelled, skipped, atOnce]).toEqual([year, 0, 0, 3]);
  });
});

describe("a gateway that is down for ten days, twice a year", () => {
  const down: [string, string][] = [
    ["2026-03-20T00:30:00Z", "2026-03-30T00:30:00Z"],
    ["2026-10-20T00:30:00Z", "2026-10-30T00:30:00Z"],
  ];
  const through = (more: JsonObject) =>
    live({ schedule: { interval: "1h", ...more }, from: "2026-01-01T00:00:00Z", until: "2027-01-01T00:00:00Z", down });
  const missed = 20 * 24;
  const year = 365 * 24 - 1;

  test("makes up for what passed with one run, and goes on in time", () => {
    const { starts, skipped } = through({});
    expect(starts.length).toBe(year - missed + 2);
    expect(skipped).toBe(missed - 2);
    expect(starts.filter((ms) => ms % hour !== 0)).toEqual(down.map(([, end]) => at(end)));
  });

  test("makes up for each of them where that is asked for, once", () => {
    const { starts, skipped } = through({ overlap: "buffer_all" });
    expect([starts.length, skipped]).toEqual([year, 0]);
  });

  test("makes up only for what is not too old", () => {
    const { starts, skipped } = through({ overlap: "buffer_all", catchup_window: "6h" });
    expect([starts.length, skipped]).toEqual([year - missed + 12, missed - 12]);
    const none = through({ catchup_window: "10m" });
    expect([none.starts.length, none.skipped]).toEqual([year - missed, missed]);
  });
});
