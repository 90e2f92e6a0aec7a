import type { Manifest } from "#core/bundle.ts";
import type { JsonObject, Value } from "#core/value.ts";
import { documentNodes, flowInputs } from "#bundles/input-schema.ts";
import type { BundleRegistry, InstalledBundle } from "#bundles/registry.ts";
import { refOf } from "#bundles/resolve.ts";

/** What the summaries need to know beside the bundle itself. */
export type SummaryContext = Pick<BundleRegistry, "deprecation" | "latest">;

/** `bundle_id`, `bundle_version`, `bundle_ref`, the beginning of every answer about a bundle. */
export function bundleIdentity(manifest: Manifest) {
  const { bundle_id, bundle_version } = manifest;
  return { bundle_id, bundle_version, bundle_ref: `${bundle_id}@${bundle_version}` };
}

/** An item of `GET bundles` (contract http-api 1.11). */
export function bundleListItem(installed: InstalledBundle, context: SummaryContext, includeDeprecated: boolean) {
  const { manifest, isDraft, removable } = installed;
  const latest = context.latest(manifest.bundle_id);
  return {
    ...bundleIdentity(manifest),
    registry_scope: "private",
    version_channel: isDraft ? "draft" : "published",
    is_draft: isDraft,
    is_published: !isDraft,
    latest_published_version: latest.published,
    latest_any_version: latest.any,
    created_at: manifest.created_at,
    metadata: manifest.metadata,
    default_entrypoint: manifest.default_entrypoint,
    entrypoints: entrypointItems(installed, context).filter((each) => includeDeprecated || !each.deprecated),
    actions: {
      can_run: true,
      can_upload: true,
      can_remove: removable,
      can_deprecate: true,
      catalog_promote_endpoint: "/api/gateway/admin/workflow-catalog/promote",
    },
  };
}

/** `GET bundles/{id}` (contract http-api 1.11), with the reader's warnings beside. */
export function bundleDetail(installed: InstalledBundle, context: SummaryContext) {
  const { manifest, bundle } = installed;
  const documentOf = (flowId: string): Value | undefined =>
    Object.hasOwn(bundle.documents, flowId) ? bundle.documents[flowId] : undefined;
  return {
    ...bundleIdentity(manifest),
    created_at: manifest.created_at,
    default_entrypoint: manifest.default_entrypoint,
    entrypoints: entrypointItems(installed, context).map((entrypoint) => ({
      ...entrypoint,
      inputs: flowInputs(documentOf(entrypoint.flow_id)),
      node_index: nodeIndex(documentOf(entrypoint.flow_id)),
    })),
    flows: Object.keys(manifest.flows).sort(),
    metadata: manifest.metadata,
    warnings: bundle.warnings,
  };
}

function entrypointItems(installed: InstalledBundle, context: SummaryContext) {
  const { bundle_id, entrypoints } = installed.manifest;
  return entrypoints.map((entrypoint) => {
    const deprecation = context.deprecation(bundle_id, entrypoint.flow_id);
    return {
      ...entrypoint,
      workflow_id: `${refOf(installed)}:${entrypoint.flow_id}`,
      deprecated: deprecation !== null,
      deprecated_at: deprecation?.deprecated_at ?? null,
      deprecated_reason: deprecation?.reason ?? null,
    };
  });
}

/** What a client needs to name and colour a step by its node id. */
export function nodeIndex(document: Value | undefined): JsonObject {
  const entries = documentNodes(document).map(({ id, type, data }): [string, JsonObject] => {
    const { label, headerColor } = data;
    return [
      id,
      {
        type,
        label: typeof label === "string" && label !== "" ? label : type,
        ...(typeof headerColor === "string" && headerColor !== "" ? { headerColor } : {}),
      },
    ];
  });
  return Object.fromEntries(entries);
}
