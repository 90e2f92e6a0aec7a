/** The clock is an argument everywhere, so that a test can own it. Milliseconds since the epoch, fractions allowed. */
export type Clock = () => number;

export const systemClock: Clock = () => performance.timeOrigin + performance.now();

/** ISO-8601 UTC with microseconds and explicit offset: `2026-11-23T00:03:24.734961+00:00`. Sorts as text. */
export function isoTime(ms: number): string {
  const whole = Math.floor(ms);
  // Rounded: a double is some tenths of a microsecond off, so cutting would make a timestamp that was read one less.
  const micros = Math.min(999, Math.round((ms - whole) * 1000));
  const zeros = micros < 10 ? "00" : micros < 100 ? "0" : "";
  return `${new Date(whole).toISOString().slice(0, 23)}${zeros}${micros}+00:00`;
}

/** Milliseconds of an ISO timestamp; a naive one is UTC. NaN when it cannot be read. */
export function parseTime(text: string): number {
  const trimmed = text.trim();
  const hasZone = /(?:[zZ]|[+-]\d\d:?\d\d)$/.test(trimmed);
  const isDateOnly = /^\d{4}-\d\d-\d\d$/.test(trimmed);
  const normal = hasZone || isDateOnly ? trimmed : `${trimmed}Z`;
  const ms = Date.parse(normal.replace(/(\.\d{3})\d+/, "$1"));
  const micros = /\.\d{3}(\d{1,3})/.exec(normal)?.[1];
  return micros ? ms + Number(micros.padEnd(3, "0")) / 1000 : ms;
}
