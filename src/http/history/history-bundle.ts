import type { Static } from "@sinclair/typebox";
import { AppError } from "#core/errors.ts";
import type { Run } from "#core/run.ts";
import { isoTime } from "#core/time.ts";
import type { JsonObject } from "#core/value.ts";
import { ledgerWindow } from "#http/history/ledger-window.ts";
import { lineage } from "#http/history/lineage.ts";
import { sessionTurns } from "#http/history/session-turns.ts";
import { publicVars, startVars } from "#http/input-data.ts";
import type { HistoryQuery } from "#http/schemas/history.ts";
import type { Services } from "#http/services.ts";

const maxDescendants = 5000;

/** JSON text of everything that a client needs to show a run again (contract 1.6). AppError `invalid_request` for another ledger mode. */
export async function historyBundle(services: Services, run: Run, query: Static<typeof HistoryQuery>): Promise<string> {
  const { ledger_mode, ledger_max_items } = query;
  if (ledger_mode !== "tail" && ledger_mode !== "full") {
    throw new AppError("invalid_request", `ledger_mode must be 'tail' or 'full', not '${ledger_mode}'`);
  }
  const maxItems = ledger_mode === "full" || ledger_max_items === 0 ? null : ledger_max_items;
  const members: string[] = [];
  const timeline: string[] = [];
  for (const runId of await exportedRuns(services, run.run_id, query.include_subruns)) {
    const window = await ledgerWindow(services.ledger, runId, maxItems);
    members.push(window.member);
    timeline.push(...window.timeline);
  }
  const ancestors = await lineage(services.ledger, run, { hasLedgers: query.include_lineage, limit: maxItems });
  const session = query.include_session ? await sessionTurns(services, run, query.session_turn_limit) : null;
  const head = {
    version: 1,
    generated_at: isoTime(services.now()),
    root_run_id: run.run_id,
    run: historyRun(run),
    workflow_snapshot: snapshotOf(run),
    input_data: publicVars(await startVars(services, run.run_id)),
  };
  return (
    `${JSON.stringify(head).slice(0, -1)},"ledgers":{${members.join(",")}},` +
    `"timeline":[${timeline.join(",")}],"lineage":[${ancestors.join(",")}],"session":${JSON.stringify(session)}}`
  );
}

async function exportedRuns(services: Services, rootId: string, withChildren: boolean): Promise<string[]> {
  return withChildren ? [rootId, ...(await services.ledger.descendants(rootId, maxDescendants))] : [rootId];
}

function historyRun(run: Run): JsonObject {
  return {
    run_id: run.run_id,
    workflow_id: run.workflow_id,
    status: run.status,
    current_node: run.node_id,
    created_at: run.created_at,
    updated_at: run.updated_at,
    actor_id: run.actor_id,
    session_id: run.session_id,
    parent_run_id: run.parent_run_id,
    forked_from: run.forked_from as unknown as JsonObject | null,
    error: run.error,
    waiting: run.wait as unknown as JsonObject | null,
    output: run.output,
  };
}

/** A run keeps the bundle that it was started from, named by its digest. */
function snapshotOf(run: Run): JsonObject | null {
  if (run.bundle_digest === null) return null;
  return {
    workflow_id: run.workflow_id,
    format: "flow_bundle",
    sha256: run.bundle_digest,
    artifact_id: null,
    created_at: run.created_at,
  };
}
