import { describe, expect, test } from "bun:test";
import { isoTime, parseTime, systemClock } from "#core/time.ts";

describe("timestamps", () => {
  test("have microseconds and an offset", () => {
    expect(isoTime(0)).toBe("1970-01-01T00:00:00.000000+00:00");
    expect(isoTime(Date.UTC(2026, 10, 23, 0, 3, 24, 734) + 0.961)).toBe("2026-11-23T00:03:24.734961+00:00");
    expect(isoTime(-0.5)).toBe("1969-12-31T23:59:59.999500+00:00");
  });

  test("come back from their text to the microsecond", () => {
    for (let micros = 0; micros < 1000; micros++) {
      const text = `2026-11-23T00:03:24.734${String(micros).padStart(3, "0")}+00:00`;
      expect(isoTime(parseTime(text))).toBe(text);
    }
  });

  test("sort as text", () => {
    const times = [1_700_000_000_000, 1_700_000_000_000.4, 1_700_000_000_001, 1_800_000_000_000];
    const texts = times.map(isoTime);
    expect([...texts].sort()).toEqual(texts);
  });

  test.each([
    ["2026-11-23T10:00:00Z", "2026-11-23T10:00:00.000000+00:00"],
    ["2026-11-23T10:00:00", "2026-11-23T10:00:00.000000+00:00"],
    ["2026-11-23 10:00:00", "2026-11-23T10:00:00.000000+00:00"],
    [" 2026-11-23 ", "2026-11-23T00:00:00.000000+00:00"],
    ["2026-11-23T10:00", "2026-11-23T10:00:00.000000+00:00"],
    ["2026-11-23T10:00:00+02:00", "2026-11-23T08:00:00.000000+00:00"],
    ["2026-11-23T10:00:00-0530", "2026-11-23T15:30:00.000000+00:00"],
    ["2026-11-23T10:00:00.5", "2026-11-23T10:00:00.500000+00:00"],
    ["2026-11-23T10:00:00.123456789Z", "2026-11-23T10:00:00.123456+00:00"],
  ])("%p is read, a naive one as UTC", (text, wanted) => {
    expect(isoTime(parseTime(text))).toBe(wanted);
  });

  test.each(["", "tomorrow", "15s", "2026-13-01T00:00:00Z", "2026-11-23T25:00:00Z"])("%p is no time", (text) => {
    expect(parseTime(text)).toBeNaN();
  });

  test("the system's clock gives the milliseconds of today", () => {
    expect(Math.abs(systemClock() - Date.now())).toBeLessThan(60_000);
  });
});
