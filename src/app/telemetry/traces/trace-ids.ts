import { createHash } from "node:crypto";
import { type JsonObject, isObject } from "#core/value.ts";

/** Where a span belongs. */
export interface TracePlace {
  /** 32 hex digits. */
  traceId: string;
  /** 16 hex digits; null for the first span of a trace. */
  parentId: string | null;
  isSampled: boolean;
}

const traceparent = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** A `traceparent` of W3C Trace Context that can be used, or null. */
export function readTraceparent(text: unknown): { traceId: string; parentId: string; isSampled: boolean } | null {
  const [, traceId = "", parentId = "", flags = ""] = (typeof text === "string" && traceparent.exec(text)) || [];
  if (!/[1-9a-f]/.test(traceId) || !/[1-9a-f]/.test(parentId)) return null;
  return { traceId, parentId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/**
 * Where the span of a run belongs. Everything follows from what the ledger has, so that whoever goes on with a run after a restart goes
 * on with its trace: the trace is the caller's, or has the id of the root run; a run's span has an id made from the run's.
 */
export function placeOfRun(
  run: { run_id: string; root_run_id: string; parent_run_id?: string | null },
  vars: JsonObject,
): TracePlace {
  const runtime = vars["_runtime"];
  const caller = readTraceparent(isObject(runtime) ? runtime["traceparent"] : undefined);
  const isRoot = run.run_id === run.root_run_id;
  return {
    traceId: caller?.traceId ?? hexOf(run.root_run_id, 32),
    parentId: isRoot ? (caller?.parentId ?? null) : spanIdOf(run.parent_run_id ?? run.root_run_id),
    isSampled: caller?.isSampled ?? true,
  };
}

export function spanIdOf(id: string): string {
  return createHash("sha256").update(id).digest("hex").slice(0, 16);
}

/** Ids are uuids, whose digits are as good as any; a client's own id is hashed. */
function hexOf(id: string, digits: number): string {
  const hex = id.replaceAll("-", "").toLowerCase();
  return /^[0-9a-f]{32}$/.test(hex) && /[1-9a-f]/.test(hex)
    ? hex
    : createHash("sha256").update(id).digest("hex").slice(0, digits);
}
