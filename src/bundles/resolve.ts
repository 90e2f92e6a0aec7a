import type { Entrypoint } from "#core/bundle.ts";
import { AppError } from "#core/errors.ts";
import type { BundleRegistry, InstalledBundle, ResolveRequest, Resolved } from "#bundles/registry.ts";

interface Reference {
  bundleId: string | null;
  version: string | null;
  flowId: string | null;
}

/** Finds the flow that a request means (contract flow-runtime 1.6, 1.7; http-api 1.3.1). */
export function resolveReference(registry: BundleRegistry, request: ResolveRequest): Resolved {
  const reference = readReference(registry, request);
  const installed = findBundle(registry, reference);
  const flowId = chooseFlow(installed, reference.flowId);
  const { bundle_id, bundle_version, entrypoints } = installed.manifest;
  const deprecation = registry.deprecation(bundle_id, flowId);
  if (deprecation) {
    const why = deprecation.reason ? `: ${deprecation.reason}` : "";
    throw new AppError("conflict", `Workflow '${bundle_id}:${flowId}' is deprecated${why}`);
  }
  return {
    installed,
    entrypoint: entrypoints.find((entry) => entry.flow_id === flowId) ?? null,
    flowId,
    workflowId: `${bundle_id}@${bundle_version}:${flowId}`,
  };
}

function readReference(registry: BundleRegistry, request: ResolveRequest): Reference {
  const named = split(text(request.bundleId));
  const version = text(request.bundleVersion) || null;
  const flow = text(request.flowId);
  if (named.version && version && named.version !== version) {
    throw new AppError("invalid_request", `bundle_id names version ${named.version}, bundle_version ${version}`);
  }
  const reference = {
    bundleId: named.bundleId,
    version: named.version ?? version,
    flowId: named.flowId ?? (flow || null),
  };
  if (!flow.includes(":")) return reference;
  const qualified = split(flow);
  const isBundle = qualified.bundleId !== null && registry.latest(qualified.bundleId).any !== null;
  if (!isBundle) return { ...reference, flowId: flow };
  if (reference.bundleId && reference.bundleId !== qualified.bundleId) {
    throw new AppError(
      "invalid_request",
      `flow_id names bundle '${qualified.bundleId}', bundle_id '${reference.bundleId}'`,
    );
  }
  if (reference.version && qualified.version && reference.version !== qualified.version) {
    throw new AppError(
      "invalid_request",
      `flow_id names version ${qualified.version}, the request ${reference.version}`,
    );
  }
  return { bundleId: qualified.bundleId, version: reference.version ?? qualified.version, flowId: qualified.flowId };
}

/** `bundle[@version][:flow]`, a trailing `.flow` tolerated. */
function split(reference: string): Reference {
  const match = /^([^@:]+)(?:@([^:]+?))?(?::(.+))?$/.exec(reference.replace(/\.flow$/, ""));
  if (!match) return { bundleId: null, version: null, flowId: null };
  return { bundleId: match[1] ?? null, version: match[2] ?? null, flowId: match[3] ?? null };
}

function text(value: string | null | undefined): string {
  return value?.trim() ?? "";
}

function findBundle(registry: BundleRegistry, { bundleId, version, flowId }: Reference): InstalledBundle {
  if (bundleId === null) {
    const ids = [
      ...new Set(
        registry
          .list()
          .filter((each) => each.removable)
          .map((each) => each.manifest.bundle_id),
      ),
    ];
    const [only] = ids;
    const found = ids.length === 1 && only !== undefined ? registry.find(only, version ?? undefined) : null;
    if (found) return found;
    const what = flowId ? `flow '${flowId}'` : "nothing";
    throw new AppError(
      "invalid_request",
      `bundle_id is required: the request names ${what} and there are ${ids.length} bundles`,
    );
  }
  const found = registry.find(bundleId, version ?? undefined);
  if (found) return found;
  throw new AppError("not_found", `Bundle '${bundleId}${version ? `@${version}` : ""}' not found`);
}

function chooseFlow({ manifest, bundle }: InstalledBundle, wanted: string | null): string {
  if (wanted !== null) {
    if (Object.hasOwn(bundle.flows, wanted)) return wanted;
    const named = manifest.entrypoints.filter((entry) => entry.name.toLowerCase() === wanted.toLowerCase());
    if (named.length === 1) return (named[0] as Entrypoint).flow_id;
    throw new AppError(
      "not_found",
      `Flow '${wanted}' not found in bundle '${manifest.bundle_id}@${manifest.bundle_version}'`,
    );
  }
  const [only] = manifest.entrypoints;
  if (manifest.entrypoints.length === 1 && only) return only.flow_id;
  if (manifest.default_entrypoint !== null) return manifest.default_entrypoint;
  throw new AppError(
    "invalid_request",
    `flow_id is required: bundle '${manifest.bundle_id}' has several entrypoints and no default`,
  );
}
