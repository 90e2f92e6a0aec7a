import { type JsonObject, isObject, numberOf } from "#core/value.ts";

const textKeys = [
  "source",
  "purpose",
  "visibility",
  "run_mode",
  "editor_session_id",
  "flow_id",
  "bundle_id",
  "bundle_version",
];
const maxTextChars = 240;

/** Keeps of `run_lifecycle` what contract 1.3.1 names, as short texts; null when nothing is left. */
export function sanitizeLifecycle(given: JsonObject | null | undefined): JsonObject | null {
  if (!isObject(given)) return null;
  const kept: JsonObject = {};
  for (const key of textKeys) {
    const text = shortText(given[key]);
    if (text !== null) kept[key] = text;
  }
  const retention = sanitizeRetention(given["retention"]);
  if (retention) kept["retention"] = retention;
  return Object.keys(kept).length > 0 ? kept : null;
}

function sanitizeRetention(given: unknown): JsonObject | null {
  if (!isObject(given)) return null;
  const kept: JsonObject = {};
  for (const key of ["mode", "expires_at"]) {
    const text = shortText(given[key]);
    if (text !== null) kept[key] = text;
  }
  const ttlS = numberOf(given["ttl_s"]);
  if (ttlS !== null && Number.isFinite(ttlS) && ttlS > 0) kept["ttl_s"] = ttlS;
  return Object.keys(kept).length > 0 ? kept : null;
}

function shortText(value: unknown): string | null {
  const text = typeof value === "string" ? value.trim() : "";
  return text === "" ? null : text.slice(0, maxTextChars);
}
