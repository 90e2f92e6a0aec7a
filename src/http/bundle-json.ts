import { AppError, messageOf } from "#core/errors.ts";
import type { JsonObject, Value } from "#core/value.ts";
import { isObject } from "#core/value.ts";
import type { BundleRegistry, InstalledBundle } from "#bundles/registry.ts";
import { inputSchema, nodeType, nodesOf, startPins, textOf } from "#http/start-pins.ts";
import { parseWorkflowId } from "#http/workflow-id.ts";
import type { Services } from "#http/services.ts";

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
    .map((each) => bundleItem(bundles, each, query.include_deprecated))
    .filter((item) => item.entrypoints.length > 0);
  return { items, default_bundle_id: ids.size === 1 ? [...ids][0] : null };
}

function isLatest(bundles: BundleRegistry, installed: InstalledBundle, query: ListBundles): boolean {
  const { bundle_id, bundle_version } = installed.manifest;
  const latest = bundles.latest(bundle_id);
  return bundle_version === (latest.published ?? (query.include_drafts ? latest.any : null));
}

function bundleItem(bundles: BundleRegistry, installed: InstalledBundle, includeDeprecated: boolean) {
  const { manifest, isDraft, removable } = installed;
  const latest = bundles.latest(manifest.bundle_id);
  return {
    ...bundleIdentity(installed),
    registry_scope: "private",
    version_channel: isDraft ? "draft" : "published",
    is_draft: isDraft,
    is_published: !isDraft,
    latest_published_version: latest.published,
    latest_any_version: latest.any,
    created_at: manifest.created_at,
    metadata: manifest.metadata,
    default_entrypoint: manifest.default_entrypoint,
    entrypoints: listedEntrypoints(bundles, installed).filter((each) => includeDeprecated || !each.deprecated),
    actions: {
      can_run: true,
      can_upload: true,
      can_remove: removable,
      can_deprecate: true,
      catalog_promote_endpoint: "/api/gateway/admin/workflow-catalog/promote",
    },
  };
}

export function bundleIdentity({ manifest }: InstalledBundle) {
  return {
    bundle_id: manifest.bundle_id,
    bundle_version: manifest.bundle_version,
    bundle_ref: `${manifest.bundle_id}@${manifest.bundle_version}`,
  };
}

function listedEntrypoints(bundles: BundleRegistry, installed: InstalledBundle) {
  const { manifest } = installed;
  return manifest.entrypoints.map((entrypoint) => {
    const deprecation = bundles.deprecation(manifest.bundle_id, entrypoint.flow_id);
    return {
      flow_id: entrypoint.flow_id,
      name: entrypoint.name,
      description: entrypoint.description,
      interfaces: entrypoint.interfaces,
      workflow_id: workflowIdOf(installed, entrypoint.flow_id),
      deprecated: deprecation !== null,
      deprecated_at: deprecation?.deprecated_at ?? null,
      deprecated_reason: deprecation?.reason ?? null,
    };
  });
}

function workflowIdOf({ manifest }: InstalledBundle, flowId: string): string {
  return `${manifest.bundle_id}@${manifest.bundle_version}:${flowId}`;
}

/** One version with the inputs and nodes of its entrypoints. A flow that cannot run here is told in `warnings`. */
export async function bundleDetail(services: Services, installed: InstalledBundle) {
  const { manifest, bundle } = installed;
  const warnings = [...bundle.warnings];
  for (const { flow_id } of manifest.entrypoints) {
    warnings.push(...(await flowWarnings(services, installed, flow_id)));
  }
  return {
    ...bundleIdentity(installed),
    created_at: manifest.created_at,
    default_entrypoint: manifest.default_entrypoint,
    entrypoints: listedEntrypoints(services.bundles, installed).map((entrypoint) => ({
      ...entrypoint,
      inputs: startPins(bundle.documents[entrypoint.flow_id]),
      node_index: nodeIndex(bundle.documents[entrypoint.flow_id]),
    })),
    flows: Object.keys(bundle.documents),
    metadata: manifest.metadata,
    warnings: [...new Set(warnings)],
  };
}

async function flowWarnings(services: Services, installed: InstalledBundle, flowId: string): Promise<string[]> {
  try {
    return [...(await services.plan(installed.digest, workflowIdOf(installed, flowId))).warnings];
  } catch (error) {
    return [`Flow '${flowId}' cannot run: ${messageOf(error)}`];
  }
}

function nodeIndex(document: Value | undefined): JsonObject {
  const index = nodesOf(document).flatMap((node) => {
    const id = textOf(node["id"]);
    const data = isObject(node["data"]) ? node["data"] : {};
    const type = nodeType(node, data);
    const color = textOf(data["headerColor"]);
    const entry = { type, label: textOf(data["label"]) || type, ...(color ? { headerColor: color } : {}) };
    return id ? [[id, entry] as const] : [];
  });
  return Object.fromEntries(index);
}

/** A flow's document. AppError `not_found`. `flowId` may be `bundle:flow`. */
export function bundleFlow(installed: InstalledBundle, flowId: string) {
  const own = flowId.includes(":") ? (parseWorkflowId(flowId)?.flowId ?? flowId) : flowId;
  const { documents } = installed.bundle;
  const document = Object.hasOwn(documents, own) ? documents[own] : undefined;
  if (document === undefined) {
    throw new AppError("not_found", `Flow '${flowId}' not found in bundle '${bundleIdentity(installed).bundle_ref}'`);
  }
  return { ...bundleIdentity(installed), flow_id: own, workflow_id: workflowIdOf(installed, own), flow: document };
}

export function flowInputSchema(installed: InstalledBundle, flowId: string) {
  const { flow, ...identity } = bundleFlow(installed, flowId);
  return { ...identity, ...inputSchema(startPins(flow)) };
}

/** A bundle by `id` or `id@version`. AppErrors `not_found`, and `invalid_request` when two versions are named. */
export function findBundle(bundles: BundleRegistry, ref: string, version?: string): InstalledBundle {
  const { bundleId, bundleVersion } = splitRef(ref, version);
  const found = bundles.find(bundleId, bundleVersion);
  if (!found) {
    const name = bundleVersion === undefined ? bundleId : `${bundleId}@${bundleVersion}`;
    throw new AppError("not_found", `Bundle '${name}' not found`);
  }
  return found;
}

export function splitRef(ref: string, version?: string): { bundleId: string; bundleVersion: string | undefined } {
  const at = ref.indexOf("@");
  const own = at < 0 ? undefined : ref.slice(at + 1) || undefined;
  const asked = version || undefined;
  if (own !== undefined && asked !== undefined && own !== asked) {
    throw new AppError("invalid_request", `bundle_version '${asked}' conflicts with '${ref}'`);
  }
  return { bundleId: at < 0 ? ref : ref.slice(0, at), bundleVersion: own ?? asked };
}
