import type { Run } from "#core/run.ts";
import { parseTime } from "#core/time.ts";
import { isObject, numberOf } from "#core/value.ts";

/** Whether a run is a draft test of an editor that said it may go (contract http-api 1.3.6). */
export function isEphemeralDraft(run: Run): boolean {
  const retention = run.lifecycle?.["retention"];
  const isEphemeral = isObject(retention) && retention["mode"] === "ephemeral";
  return isEphemeral && run.parent_run_id === null && run.lifecycle?.["purpose"] === "draft_test";
}

/** The draft's own time, else its last change plus its own or the usual time to live. Null when its own time cannot be read. */
export function draftExpiryMs(run: Run, defaultTtlS: number): number | null {
  const retention = run.lifecycle?.["retention"];
  const own = isObject(retention) ? retention : {};
  if (typeof own["expires_at"] === "string") {
    const ms = parseTime(own["expires_at"]);
    return Number.isNaN(ms) ? null : ms;
  }
  const ttlS = numberOf(own["ttl_s"]) ?? defaultTtlS;
  return ttlS > 0 ? parseTime(run.updated_at) + ttlS * 1000 : null;
}
