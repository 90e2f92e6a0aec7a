import { bundleDetail, bundleIdentity, bundleListItem } from "#bundles/bundle-summary.ts";
import { flowInputs, inputSchema } from "#bundles/input-schema.ts";
import { parseReference } from "#bundles/reference.ts";
import type { BundleRegistry, InstalledBundle } from "#bundles/registry.ts";
import { refOf } from "#bundles/resolve.ts";
import { AppError, messageOf } from "#core/errors.ts";
import type { Services } from "#http/services.ts";
import { parseWorkflowId } from "#http/workflow-id.ts";

export interface ListBundles {
  all_versions: boolean;
  include_drafts: boolean;
  include_deprecated: boolean;
}

/** Installed bundles as clients list them (contract 1.11): the latest version of each, unless all are asked for. */
export function listBundles(bundles: BundleRegistry, query: ListBundles) {
  const installed = bundles.list();
  const ids = new Set(installed.map((each) => each.manifest.bundle_id));
  const items = installed
    .filter((each) => (query.include_drafts || !each.isDraft) && (query.all_versions || isLatest(bundles, each, query)))
    .map((each) => bundleListItem(each, bundles, query.include_deprecated))
    .filter((item) => item.entrypoints.length > 0);
  return { items, default_bundle_id: ids.size === 1 ? [...ids][0] : null };
}

function isLatest(bundles: BundleRegistry, installed: InstalledBundle, query: ListBundles): boolean {
  const { bundle_id, bundle_version } = installed.manifest;
  const latest = bundles.latest(bundle_id);
  return bundle_version === (latest.published ?? (query.include_drafts ? latest.any : null));
}

/** One version with the inputs and nodes of its entrypoints. What cannot run here is told in `warnings`. */
export async function detailOf(services: Services, installed: InstalledBundle) {
  const detail = bundleDetail(installed, services.bundles);
  const warnings = [...detail.warnings];
  for (const { flow_id, workflow_id } of detail.entrypoints) {
    try {
      warnings.push(...(await services.plan(installed.digest, workflow_id)).warnings);
    } catch (error) {
      warnings.push(`Flow '${flow_id}' cannot run: ${messageOf(error)}`);
    }
  }
  return { ...detail, warnings: [...new Set(warnings)] };
}

/** A flow's document. AppError `not_found`. `flowId` may be `bundle:flow`. */
export function bundleFlow(installed: InstalledBundle, flowId: string) {
  const { documents } = installed.bundle;
  const own = Object.hasOwn(documents, flowId) ? flowId : (parseWorkflowId(flowId)?.flowId ?? flowId);
  const document = Object.hasOwn(documents, own) ? documents[own] : undefined;
  const ref = refOf(installed);
  if (document === undefined) throw new AppError("not_found", `Flow '${flowId}' not found in bundle '${ref}'`);
  return { ...bundleIdentity(installed.manifest), flow_id: own, workflow_id: `${ref}:${own}`, flow: document };
}

export function flowInputSchema(installed: InstalledBundle, flowId: string) {
  const { flow, ...identity } = bundleFlow(installed, flowId);
  return { ...identity, ...inputSchema(flowInputs(flow)) };
}

/** A bundle by `id` or `id@version`. AppErrors `not_found`, and `invalid_request` for a bad reference or two versions. */
export function findBundle(bundles: BundleRegistry, ref: string, version?: string): InstalledBundle {
  const { bundleId, bundleVersion } = splitRef(ref, version);
  const found = bundles.find(bundleId, bundleVersion);
  if (!found) throw bundleNotFound(bundleId, bundleVersion);
  return found;
}

export function bundleNotFound(bundleId: string, version: string | undefined): AppError {
  return new AppError("not_found", `Bundle '${version === undefined ? bundleId : `${bundleId}@${version}`}' not found`);
}

/** The parts of `id[@version]` and a version beside it. AppError `invalid_request`. */
export function splitRef(ref: string, version?: string): { bundleId: string; bundleVersion: string | undefined } {
  const { bundleId, bundleVersion } = parseReference(ref);
  const asked = version || null;
  if (bundleVersion !== null && asked !== null && bundleVersion !== asked) {
    throw new AppError("invalid_request", `bundle_version '${asked}' conflicts with '${ref}'`);
  }
  return { bundleId, bundleVersion: bundleVersion ?? asked ?? undefined };
}
