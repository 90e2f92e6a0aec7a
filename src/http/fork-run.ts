import { AppError } from "#core/errors.ts";
import type { Run } from "#core/run.ts";
import type { JsonObject } from "#core/value.ts";
import { assertArtifactRefs } from "#http/artifact-refs.ts";
import type { ForkRunRequest } from "#http/schemas/forks.ts";
import type { Services } from "#http/services.ts";
import { assertNoDraft } from "#http/start-run.ts";
import { parseWorkflowId } from "#http/workflow-id.ts";
import type { ForkRequest } from "#runner/runner.ts";

export interface ForkOptions {
  idempotency: ForkRequest["idempotency"];
  /** False when the text of the body cannot hold an artifact reference. */
  mayReferToArtifacts: boolean;
}

/** Forks a run. AppErrors are those of `ForkRun` and, for another version, those of a start. */
export async function forkRun(services: Services, run: Run, body: ForkRunRequest, options: ForkOptions) {
  const input = body.input_data as JsonObject;
  const sessionId = body.session_id || null;
  if (options.mayReferToArtifacts) await assertArtifactRefs(services.ledger, input, sessionId ?? run.session_id);
  const { run_id, forked_from } = await services.forkRun({
    parent: run,
    at: body.at ?? null,
    input,
    sessionId,
    target: body.bundle_version ? await targetOf(services, run, body.bundle_version) : null,
    idempotency: options.idempotency,
  });
  return { run_id, forked_from };
}

async function targetOf(services: Services, run: Run, version: string): Promise<ForkRequest["target"]> {
  const name = parseWorkflowId(run.workflow_id);
  if (!name) {
    throw new AppError("conflict", `'${run.workflow_id}' is a part of another workflow and keeps its bundle version`);
  }
  const { bundleId, flowId } = name;
  const { installed, workflowId } = services.bundles.resolve({ bundleId, bundleVersion: version, flowId });
  assertNoDraft(installed, run.lifecycle);
  return { workflowId, bundleDigest: installed.digest, plan: await services.plan(installed.digest, workflowId) };
}
