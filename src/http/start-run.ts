import type { Principal } from "#auth/principal.ts";
import { resolveTarget } from "#http/catalog-access.ts";
import type { InstalledBundle } from "#bundles/registry.ts";
import { AppError } from "#core/errors.ts";
import { assertArtifactRefs } from "#http/artifact-refs.ts";
import { sanitizeLifecycle } from "#http/lifecycle.ts";
import type { StartRunRequest } from "#http/schemas/runs.ts";
import type { Services } from "#http/services.ts";
import type { JsonObject } from "#core/value.ts";

export interface StartOptions {
  principal: string;
  /** Whose catalog and rights count. */
  caller: Principal;
  /** `Idempotency-Key` of the request and the SHA-256 of its body. */
  idempotency: { key: string; bodyHash: string } | null;
  /** False when the text of the body cannot hold an artifact reference, which spares the walk through the input. */
  mayReferToArtifacts: boolean;
  /** `traceparent` of the request; one that is none is passed over, as W3C Trace Context has it. */
  traceparent?: string | null;
}

/**
 * Starts a run. AppErrors: `invalid_request` (no, ambiguous or conflicting flow; draft without its purpose; reference of another run),
 * `not_found` (bundle, flow, artifact), `conflict` (deprecated), `unprocessable` (the flow cannot run; key reused with another body).
 */
export async function startRun(services: Services, body: StartRunRequest, options: StartOptions): Promise<string> {
  const sessionId = body.session_id || null;
  const { installed, workflowId } = await resolveTarget(services, body, options.caller);
  const lifecycle = sanitizeLifecycle(body.run_lifecycle);
  assertNoDraft(installed, lifecycle);
  const inputData = body.input_data as JsonObject;
  if (options.mayReferToArtifacts) await assertArtifactRefs(services.ledger, inputData, sessionId);
  const plan = await services.plan(installed.digest, workflowId);
  const { run_id } = await services.startRun({
    target: { workflowId, bundleDigest: installed.digest, plan },
    inputData,
    sessionId,
    actorId: "gateway",
    thinking: body.thinking ?? null,
    lifecycle,
    traceparent: traceparentForm.test(options.traceparent ?? "") ? (options.traceparent ?? null) : null,
    idempotency: options.idempotency && { ...options.idempotency, principal: options.principal },
  });
  return run_id;
}

const traceparentForm = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** A draft runs only as the test that its editor makes of it. */
export function assertNoDraft({ isDraft, manifest }: InstalledBundle, lifecycle: JsonObject | null): void {
  if (!isDraft || lifecycle?.["purpose"] === "draft_test") return;
  const ref = `${manifest.bundle_id}@${manifest.bundle_version}`;
  throw new AppError("invalid_request", `Draft '${ref}' needs run_lifecycle.purpose "draft_test" to be started`);
}
