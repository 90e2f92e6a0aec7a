import { join } from "node:path";
import { AppError } from "#core/errors.ts";
import { type Run, isTerminal } from "#core/run.ts";
import { isoTime } from "#core/time.ts";
import type { JsonObject } from "#core/value.ts";
import type { PurgeDraftsRequest } from "#http/schemas/runs.ts";
import type { purgeReasons } from "#http/schemas/runs.ts";
import { draftExpiryMs, isEphemeralDraft } from "#retention/draft-expiry.ts";
import { existingWorkspaces, ownWorkspaces, removeWorkspace } from "#retention/run-workspaces.ts";
import type { Services } from "#http/services.ts";

type Reason = (typeof purgeReasons)[number];
const terminalStatuses = ["cancelled", "completed", "failed"];
const maxDescendants = 5000;

/** Removes draft tests of an editor that are over and expired (contract 1.3.6). With `dry_run` only tells. */
export async function purgeDrafts(services: Services, request: PurgeDraftsRequest): Promise<JsonObject> {
  if (!request.delete_artifacts) {
    throw new AppError("unsupported", "delete_artifacts false: artifacts cannot be kept without their run");
  }
  const items: JsonObject[] = [];
  for (const { runId, run } of await candidates(services, request)) {
    items.push(run ? await treat(services, request, run) : unknownRun(runId));
  }
  const eligible = items.filter((item) => item["eligible"] === true).length;
  return {
    ok: true,
    dry_run: request.dry_run,
    policy: {
      purpose: "draft_test",
      retention_mode: "ephemeral",
      default_ttl_s: services.settings.draftTtlS,
      terminal_statuses: terminalStatuses,
    },
    scanned: items.length,
    eligible,
    purged: request.dry_run ? 0 : eligible,
    skipped: items.length - eligible,
    items,
  };
}

async function candidates(
  services: Services,
  request: PurgeDraftsRequest,
): Promise<{ runId: string; run: Run | null }[]> {
  const { ledger } = services;
  if (request.run_ids) {
    const ids = [...new Set(request.run_ids)].slice(0, request.limit);
    return Promise.all(ids.map(async (runId) => ({ runId, run: await ledger.getRun(runId) })));
  }
  const runs = await ledger.listRuns({
    limit: 5000,
    rootOnly: true,
    includeDrafts: true,
    ...(request.session_id ? { sessionId: request.session_id } : {}),
    ...(request.workflow_id ? { workflowId: request.workflow_id } : {}),
  });
  const drafts = runs.filter((run) => run.lifecycle?.["purpose"] === "draft_test");
  return drafts.slice(0, request.limit).map((run) => ({ runId: run.run_id, run }));
}

async function treat(services: Services, request: PurgeDraftsRequest, run: Run): Promise<JsonObject> {
  const family = [run.run_id, ...(await services.ledger.descendants(run.run_id, maxDescendants))];
  const expiresMs = draftExpiryMs(run, services.settings.draftTtlS);
  const reason = await reasonToKeep({ services, request, run, family, expiresMs });
  return {
    run_id: run.run_id,
    status: run.status,
    workflow_id: run.workflow_id,
    session_id: run.session_id,
    run_lifecycle: run.lifecycle,
    effective_expires_at: expiresMs === null ? null : isoTime(expiresMs),
    eligible: reason === null,
    reason,
    purge: reason === null ? await purge(services, request, family) : null,
  };
}

function unknownRun(runId: string): JsonObject {
  return {
    run_id: runId,
    status: null,
    workflow_id: null,
    session_id: null,
    run_lifecycle: null,
    effective_expires_at: null,
    eligible: false,
    reason: "missing",
    purge: null,
  };
}

interface Question {
  services: Services;
  request: PurgeDraftsRequest;
  run: Run;
  family: string[];
  expiresMs: number | null;
}

async function reasonToKeep({ services, request, run, family, expiresMs }: Question): Promise<Reason | null> {
  if (!isEphemeralDraft(run)) return "not_ephemeral_draft";
  if (!request.include_active && !isTerminal(run.status)) return "active_run";
  if (!request.force) {
    if (expiresMs === null) return "no_effective_expiration";
    if (expiresMs > services.now()) return "not_expired";
  }
  if (request.include_active) return null;
  for (const runId of family.slice(1)) {
    const child = await services.ledger.getRun(runId);
    if (child && !isTerminal(child.status)) return "active_run_tree";
  }
  return null;
}

async function purge(services: Services, request: PurgeDraftsRequest, family: string[]): Promise<JsonObject> {
  const workspacesDir = join(services.settings.dataDir, "workspaces");
  const workspaces = request.delete_workspaces
    ? await existingWorkspaces(await ownWorkspaces(services.ledger, family, workspacesDir), workspacesDir)
    : [];
  const outcome = { ok: true, dry_run: request.dry_run, run_ids: family };
  if (request.dry_run) {
    return { ...outcome, would_delete: await measure(services, family, workspaces.length), artifact_gc: null };
  }
  for (const name of workspaces) await removeWorkspace(name, workspacesDir);
  const deleted = await services.ledger.deleteRuns(family);
  return { ...outcome, deleted: { ...deleted, workspaces: workspaces.length }, artifact_gc: null };
}

async function measure({ ledger }: Services, family: string[], workspaces: number): Promise<JsonObject> {
  const { runs, ledger_records, commands, artifacts } = await ledger.measureRuns(family);
  return { runs, ledger_records, commands, artifacts, workspaces };
}
