import type { JsonObject } from "#core/value.ts";
import type { CodeOutcome } from "#sandbox/code-runner.ts";

/** What a call of code took, as records and routes tell it. Numbers that nobody could measure are null. */
export function executionReport({ usage, durationMs }: CodeOutcome, permissions: string): JsonObject {
  return {
    duration_ms: rounded(durationMs),
    cpu_time_ms: usage && rounded(usage.cpuTimeMs),
    cpu_percent: usage && rounded((usage.cpuTimeMs / Math.max(usage.durationMs, 0.001)) * 100),
    memory_rss_mb: mebibytes(usage?.rssBytes),
    memory_rss_delta_mb: mebibytes(usage?.rssDeltaBytes),
    permissions,
  };
}

function mebibytes(bytes: number | null | undefined): number | null {
  return bytes === null || bytes === undefined ? null : rounded(bytes / 1024 / 1024);
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
