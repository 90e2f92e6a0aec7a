import { AppError } from "#core/errors.ts";
import type { AssertionScope } from "#core/assertion.ts";
import { sessionMemoryRunId } from "#artifacts/session-run.ts";
import type { AssertionFilter } from "#memory/knowledge-store.ts";

export const queryScopes = ["run", "session", "global", "all"] as const;
export type QueryScope = (typeof queryScopes)[number];

/** What scopes are resolved against. */
export interface Whose {
  runId: string | null;
  rootRunId: string | null;
  sessionId: string | null;
  /** Owner of the global scope. */
  globalId: string;
}

/** The owner of a scope (contract flow-runtime 4.10); null when the scope needs a run or a session and there is none. */
export function ownerOf(scope: AssertionScope, { runId, rootRunId, sessionId, globalId }: Whose): string | null {
  if (scope === "global") return globalId;
  if (scope === "run") return runId;
  return sessionId === null ? rootRunId : sessionMemoryRunId(sessionId);
}

/** Owners of every scope that can be resolved, each once. AppError `invalid_request` when there is none. */
export function ownersOf(scope: QueryScope, whose: Whose): NonNullable<AssertionFilter["owners"]> {
  const scopes: AssertionScope[] = scope === "all" ? ["run", "session", "global"] : [scope];
  const owners = scopes.flatMap((each) => {
    const owner = ownerOf(each, whose);
    return owner === null ? [] : [{ scope: each, owner_id: owner }];
  });
  const isOnlyGlobal = scope === "all" && owners.length === 1;
  if (owners.length === 0 || isOnlyGlobal) {
    throw new AppError(
      "invalid_request",
      `scope '${scope}' needs a ${scope === "run" ? "run_id" : "run_id or session_id"}`,
    );
  }
  return owners;
}
