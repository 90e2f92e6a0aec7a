import { type JsonObject, type Value, isObject } from "#core/value.ts";

export const eventScopes = ["session", "workflow", "run", "global"] as const;
export type EventScope = (typeof eventScopes)[number];

/** What a listener receives (contract flow-runtime 3.10). */
export interface EventEnvelope {
  event_id: string | null;
  name: string;
  scope: EventScope;
  session_id: string | null;
  payload: JsonObject;
  emitted_at: string;
  emitter: JsonObject;
}

/** `evt:<scope>:<scope_id>:<name>` */
export function eventKey(scope: EventScope, scopeId: string, name: string): string {
  return `evt:${scope}:${scopeId}:${name}`;
}

export interface ScopeIds {
  session_id: string | null;
  workflow_id: string;
  run_id: string;
}

export function scopeId(scope: EventScope, ids: ScopeIds): string {
  if (scope === "session") return ids.session_id ?? ids.run_id;
  if (scope === "workflow") return ids.workflow_id;
  return scope === "run" ? ids.run_id : "global";
}

/** A non-object payload becomes `{value: …}`, null becomes `{}`. */
export function eventPayload(value: Value | undefined): JsonObject {
  if (value === undefined || value === null) return {};
  return isObject(value) ? value : { value };
}
