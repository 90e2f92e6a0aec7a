import { describe, expect, test } from "bun:test";
import { Editor } from "#core/delta.ts";
import { isoTime } from "#core/time.ts";
import { type JsonObject, isObject } from "#core/value.ts";
import { advance } from "#engine/advance.ts";
import type { Execution } from "#engine/engine.ts";
import { runsLeft } from "#engine/schedule/calendar.ts";
import { changeSchedule } from "#engine/schedule/change.ts";
import { schedulePlan } from "#engine/schedule/plan.ts";
import { calendarMath } from "#scheduler/calendar.ts";

const hour = 3_600_000;
const zero = Date.parse("2026-01-01T00:00:00Z");
const endless = { maxRecords: 1000, maxNodes: 1000, untilMs: Number.POSITIVE_INFINITY };

/** The run of a schedule, waiting for its time. Times are hours. */
function waiting(schedule: JsonObject, { nowHours = 0, state = {} }: { nowHours?: number; state?: JsonObject } = {}) {
  const clock = { hours: nowHours };
  const plan = schedulePlan("scheduled:test");
  const execution: Execution = {
    plan,
    ids: { run_id: "clock", workflow_id: plan.workflow_id, session_id: "s", actor_id: "gateway" },
    vars: new Editor({
      vars: {},
      _schedule: state,
      _meta: { schedule: { anchor: isoTime(zero), starts_at_anchor: true, interval: "1h", cron: [], ...schedule } },
    }),
    node_id: plan.entry,
    wait: null,
    pending: null,
    records: [],
    now: () => zero + clock.hours * hour,
    newId: () => "id",
    random: () => 0,
    options: { compatNodeErrors: false, effectTypes: new Set(["start_subworkflow"]), calendar: calendarMath },
  };
  advance(execution, { kind: "continue" }, endless);
  const untilHours = () => (Date.parse(execution.wait?.until ?? "") - zero) / hour;
  const meta = (): JsonObject => {
    const stored = execution.vars.peek("_meta", "schedule");
    return isObject(stored) ? stored : {};
  };
  /** Applies the change and lets the run plan again, as the gateway does. */
  const change = (payload: JsonObject) => {
    const done = changeSchedule(execution, payload);
    const until = execution.wait?.until;
    if (until && Date.parse(until) <= zero + clock.hours * hour) advance(execution, { kind: "timer" }, endless);
    return done;
  };
  return { clock, execution, untilHours, meta, change };
}

const ran = { fired: 1, cursor: zero, started: zero, ended: zero };

describe("another interval", () => {
  test("counts from now on, where the schedule waits between two runs", () => {
    const run = waiting({}, { nowHours: 0.5, state: ran });
    expect(run.untilHours()).toBe(1);
    expect(run.change({ interval: "3h" })).toMatchObject({ message: expect.any(String) });
    expect(run.untilHours()).toBe(3.5);
    expect(run.meta()).toMatchObject({ interval: "3h", updated_at: isoTime(zero + 0.5 * hour) });
    expect(run.execution.vars.peek("_runtime", "last_schedule_update")).toMatchObject({ interval: "3h" });
  });

  test("leaves the time that is waited for where it is when that is asked for, and counts after it", () => {
    const run = waiting({}, { nowHours: 0.9, state: ran });
    run.change({ interval: "3h", apply_immediately: false });
    expect(run.untilHours()).toBe(1);
    expect(run.meta()["anchor"]).toBe(isoTime(zero + hour));
  });

  test("does not move a first time that is still to come", () => {
    const run = waiting({ anchor: isoTime(zero + 10 * hour) });
    expect(run.untilHours()).toBe(10);
    run.change({ interval: "3h" });
    expect(run.untilHours()).toBe(10);
    expect(run.meta()).toMatchObject({ interval: "3h", anchor: isoTime(zero + 10 * hour), starts_at_anchor: true });
  });

  test.each([
    [{ interval: "0s" }, "interval must be a duration"],
    [{ interval: "soon" }, "interval must be a duration"],
    [{ interval: 5 }, "interval must be a duration"],
    [{}, "names nothing to change"],
    [{ repeat_count: 2, repeat_until: "2027-01-01T00:00:00Z" }, "cannot be combined"],
  ])("%j is refused and changes nothing", (payload, reason) => {
    const run = waiting({}, { nowHours: 0.5, state: ran });
    const before = run.meta();
    expect(run.change(payload as JsonObject)).toEqual({ refused: expect.stringContaining(reason) });
    expect(run.meta()).toEqual(before);
  });

  test("of a schedule that comes once is refused", () => {
    const run = waiting({ interval: null, anchor: isoTime(zero + hour) });
    expect(run.change({ interval: "1h" })).toEqual({ refused: "The schedule is not recurrent" });
  });
});

describe("an end", () => {
  const until = isoTime(zero + 10 * hour);

  test("tells the number of runs that it comes to, with each interval again", () => {
    const run = waiting({ repeat_until: until, repeat_count: 11 }, { nowHours: 0, state: ran });
    run.change({ interval: "2h" });
    expect(run.meta()).toMatchObject({ repeat_until: until, repeat_count: 5 });
    run.change({ repeat_until: isoTime(zero + 20 * hour) });
    expect(run.meta()).toMatchObject({ repeat_count: 10 });
  });

  test("and a number of runs take each other's place", () => {
    const run = waiting({ repeat_until: until, repeat_count: 11 }, { state: ran });
    run.change({ repeat_count: 3 });
    expect(run.meta()).toMatchObject({ repeat_until: null, repeat_count: 3 });
    run.change({ repeat_until: until });
    expect(run.meta()).toMatchObject({ repeat_until: until, repeat_count: 11 });
    run.change({ repeat_until: null });
    expect(run.meta()).toMatchObject({ repeat_until: null, repeat_count: null });
  });
});

test("how many runs are left is told where there is a limit", () => {
  const base = { anchor: isoTime(zero), starts_at_anchor: true, interval: "1h", cron: [] };
  const limited = { ...base, repeat_count: 5, executions: 2 };
  expect(runsLeft(limited, zero)).toBe(3);
  expect(runsLeft({ ...limited, executions: 9 }, zero)).toBe(0);
  const ends = { ...base, repeat_until: isoTime(zero + 10 * hour), repeat_count: 11 };
  expect(runsLeft(ends, zero - hour)).toBe(11);
  expect(runsLeft(ends, zero + 3.5 * hour)).toBe(7);
  expect(runsLeft(ends, zero + 99 * hour)).toBe(0);
  expect(runsLeft(base, zero)).toBeNull();
  expect(runsLeft({ ...base, cron: ["* * * * *"], repeat_until: isoTime(zero + hour) }, zero)).toBeNull();
});
