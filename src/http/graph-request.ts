import { type AssertionScope, assertionScopes } from "#core/assertion.ts";
import { AppError } from "#core/errors.ts";
import { runOrNotFound } from "#http/route-context.ts";
import type { Services } from "#http/services.ts";
import { type QueryScope, type Whose, ownersOf, queryScopes } from "#memory/graph/owners.ts";
import type { AssertionFilter } from "#memory/knowledge-store.ts";

/** The part of every request that says whose part of the graph is meant. */
export interface WhoseRequest {
  scope: string;
  run_id?: string | null;
  session_id?: string | null;
  owner_id?: string | null;
  all_owners?: boolean;
}

/** What scopes are resolved against. AppError `not_found` for a run that is not here. */
export async function whoseOf(services: Services, { run_id, session_id }: WhoseRequest): Promise<Whose> {
  const { globalId } = services.graph;
  const run = run_id ? await runOrNotFound(services, run_id) : null;
  return {
    runId: run?.run_id ?? null,
    rootRunId: run?.root_run_id ?? null,
    sessionId: session_id || run?.session_id || null,
    globalId,
  };
}

export function readQueryScope(scope: string): QueryScope {
  const known = queryScopes.find((each) => each === scope.trim().toLowerCase());
  if (!known) throw new AppError("invalid_request", `scope must be one of ${queryScopes.join(", ")}`);
  return known;
}

export function readAssertScope(scope: string): AssertionScope {
  const known = assertionScopes.find((each) => each === scope.trim().toLowerCase());
  if (!known) throw new AppError("invalid_request", `scope must be one of ${assertionScopes.join(", ")}`);
  return known;
}

/** The owners that a request means (contract http-api 1.21). */
export async function ownersAsked(services: Services, asked: WhoseRequest): Promise<AssertionFilter["owners"]> {
  const scope = readQueryScope(asked.scope);
  const owner = asked.owner_id?.trim() || null;
  if (owner !== null && asked.all_owners)
    throw new AppError("invalid_request", "owner_id and all_owners exclude each other");
  if (scope === "all" && (owner !== null || asked.all_owners)) {
    throw new AppError("invalid_request", `${owner === null ? "all_owners" : "owner_id"} needs one scope, not 'all'`);
  }
  const whose = await whoseOf(services, asked);
  if (scope === "all") return ownersOf(scope, whose);
  if (owner !== null || asked.all_owners) return [{ scope, owner_id: owner }];
  return ownersOf(scope, whose);
}
