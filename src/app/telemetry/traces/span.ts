import type { TracePlace } from "#app/telemetry/traces/trace-ids.ts";

export type SpanAttributes = Record<string, string | number | boolean | string[]>;

/** One piece of work that is over. */
export interface Span extends TracePlace {
  spanId: string;
  name: string;
  /** `client`: somebody else did the work. */
  kind: "internal" | "client" | "server";
  startMs: number;
  endMs: number;
  attributes: SpanAttributes;
  /** Set when it failed. */
  error: string | null;
}

/** Where spans go. Never waits and never throws. */
export interface SpanSink {
  emit(span: Span): void;
  /** Sends what is left, for a bounded time. */
  close(): Promise<void>;
}

/** Enough of an error to recognise it. */
const maxErrorChars = 300;

export function shortError(error: string | null): string | null {
  return error === null ? null : error.slice(0, maxErrorChars);
}

/** Attributes without those that are not known. */
export function known(
  attributes: Record<string, string | number | boolean | string[] | null | undefined>,
): SpanAttributes {
  const entries = Object.entries(attributes).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(entries) as SpanAttributes;
}
