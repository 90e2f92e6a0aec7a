import { type AssertionScope, assertionScopes, canonicalTerm, objectKey, readMoment } from "#core/assertion.ts";
import { AppError } from "#core/errors.ts";
import { type JsonObject, numberOf } from "#core/value.ts";
import type { EffectContext } from "#effects/effect-handler.ts";
import { type QueryScope, type Whose, ownersOf, queryScopes } from "#memory/graph/owners.ts";
import type { AssertionFilter } from "#memory/knowledge-store.ts";

/** Readers of the payloads of `memory_kg_*` effects. AppError `invalid_request` names the field. */

export function whoseOf({ run }: EffectContext, globalId: string): Whose {
  return { runId: run.run_id, rootRunId: run.root_run_id, sessionId: run.session_id, globalId };
}

export function textAt(payload: JsonObject, name: string): string | null {
  const value = payload[name];
  return typeof value === "string" && value.trim() !== "" ? value.trim() : null;
}

export function numberAt(payload: JsonObject, name: string): number | null {
  const value = payload[name];
  if (value === undefined || value === null || value === "") return null;
  const number = typeof value === "string" ? Number(value) : numberOf(value);
  if (number === null || !Number.isFinite(number)) throw new AppError("invalid_request", `${name} must be a number`);
  return number;
}

export function scopeAt<T extends string>(payload: JsonObject, allowed: readonly T[], preset: T): T {
  const written = textAt(payload, "scope");
  if (written === null) return preset;
  const scope = allowed.find((each) => each === written.toLowerCase());
  if (!scope) throw new AppError("invalid_request", `scope must be one of ${allowed.join(", ")}`);
  return scope;
}

export const queryScopeAt = (payload: JsonObject, preset: QueryScope = "run"): QueryScope =>
  scopeAt(payload, queryScopes, preset);
export const assertScopeAt = (payload: JsonObject): AssertionScope => scopeAt(payload, assertionScopes, "run");

/** Whose assertions are asked for; `owner_id` names somebody else's. */
export function ownersAt(payload: JsonObject, scope: QueryScope, whose: Whose): AssertionFilter["owners"] {
  const owner = textAt(payload, "owner_id");
  if (owner === null) return ownersOf(scope, whose);
  if (scope === "all") throw new AppError("invalid_request", "owner_id needs one scope, not 'all'");
  return [{ scope, owner_id: owner }];
}

/** The part of a query that is about triples and times. */
export function triplesAt(payload: JsonObject): Omit<AssertionFilter, "runtimeId" | "owners"> {
  const term = (name: string) => {
    const written = textAt(payload, name);
    return written === null ? undefined : canonicalTerm(written);
  };
  const object = textAt(payload, "object");
  const moment = (name: string) => readMoment(payload[name], name) ?? undefined;
  return {
    subject: term("subject"),
    predicate: term("predicate"),
    object: object === null ? undefined : objectKey(object.trim()),
    since: moment("since"),
    until: moment("until"),
    activeAt: moment("active_at"),
  };
}
