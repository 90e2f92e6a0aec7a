import { AppError } from "#core/errors.ts";
import type { InstalledBundle, ResolveRequest, Resolved } from "#bundles/registry.ts";
import { flowProblem } from "#bundles/read-bundle.ts";
import { type BundleReference, parseReference } from "#bundles/reference.ts";

/** What resolving needs to know about the installed bundles. */
export interface Shelf {
  list(): InstalledBundle[];
  find(bundleId: string, version?: string): InstalledBundle | null;
  /** Built into the executable: it is there without anybody's doing. */
  isBuiltin(installed: InstalledBundle): boolean;
}

/**
 * The flow that a start request means (contract flow-runtime 1.6, 1.7). AppErrors `invalid_request` (nothing or something ambiguous named,
 * parts that contradict each other), `not_found`, `unprocessable` (the flow is damaged).
 */
export function resolveReference(shelf: Shelf, request: ResolveRequest): Resolved {
  const reference = referenceOf(shelf, request);
  const installed = shelf.find(reference.bundleId, reference.bundleVersion ?? undefined);
  if (!installed) throw unknownBundle(reference);
  const flowId = reference.flow === null ? defaultFlow(installed) : flowOf(installed, reference.flow);
  const problem = flowProblem(installed.bundle, flowId);
  if (problem !== null) throw new AppError("unprocessable", problem);
  const { manifest } = installed;
  return {
    installed,
    entrypoint: manifest.entrypoints.find((each) => each.flow_id === flowId) ?? null,
    flowId,
    workflowId: `${refOf(installed)}:${flowId}`,
  };
}

export function refOf({ manifest }: InstalledBundle): string {
  return `${manifest.bundle_id}@${manifest.bundle_version}`;
}

function referenceOf(shelf: Shelf, request: ResolveRequest): BundleReference {
  const named = request.bundleId ? parseReference(request.bundleId) : null;
  const flow = flowReference(shelf, request.flowId || null);
  return {
    bundleId: agreed("bundle_id", [named?.bundleId, flow?.bundleId]) ?? onlyBundle(shelf),
    bundleVersion: agreed("bundle_version", [named?.bundleVersion, request.bundleVersion, flow?.bundleVersion]),
    flow: agreed("flow_id", [named?.flow, flow?.flow]),
  };
}

/** `x:y` names a bundle only when `x` is one that is installed; otherwise all of it is the flow. */
function flowReference(shelf: Shelf, flowId: string | null): Partial<BundleReference> | null {
  if (flowId === null) return null;
  if (!flowId.includes(":")) return { flow: flowId.trim() };
  const reference = parseReference(flowId);
  return shelf.list().some((each) => each.manifest.bundle_id === reference.bundleId) ? reference : { flow: flowId };
}

function agreed(name: string, values: (string | null | undefined)[]): string | null {
  const [first = null, ...others] = values.filter((value) => value !== null && value !== undefined && value !== "");
  const other = others.find((value) => value !== first);
  if (other === undefined) return first;
  throw new AppError(
    "invalid_request",
    `The request names two different values for ${name}: '${first}' and '${other}'`,
  );
}

/** Without a name it is the one bundle that somebody installed; the built-in samples do not count. */
function onlyBundle(shelf: Shelf): string {
  const ids = new Set(
    shelf
      .list()
      .filter((each) => !shelf.isBuiltin(each))
      .map((each) => each.manifest.bundle_id),
  );
  const [only] = ids;
  if (only !== undefined && ids.size === 1) return only;
  const reason = ids.size === 0 ? "no bundle is installed" : `${ids.size} bundles are installed`;
  throw new AppError("invalid_request", `bundle_id is required: ${reason}`);
}

function unknownBundle({ bundleId, bundleVersion }: BundleReference): AppError {
  const name = bundleVersion === null ? bundleId : `${bundleId}@${bundleVersion}`;
  return new AppError("not_found", `Bundle '${name}' not found`);
}

function defaultFlow(installed: InstalledBundle): string {
  const { entrypoints, default_entrypoint } = installed.manifest;
  const [only, ...others] = entrypoints.map((each) => each.flow_id);
  if (only !== undefined && others.length === 0) return only;
  if (default_entrypoint !== null) return default_entrypoint;
  const names = entrypoints.map((each) => each.flow_id).join(", ");
  throw new AppError(
    "invalid_request",
    `Bundle '${refOf(installed)}' has several entrypoints (${names}): flow_id is required`,
  );
}

/** By the flow's id, else by an entrypoint's name in any letter case. */
function flowOf(installed: InstalledBundle, flow: string): string {
  const { manifest } = installed;
  if (Object.hasOwn(manifest.flows, flow)) return flow;
  const named = manifest.entrypoints.filter((each) => each.name.trim().toLowerCase() === flow.toLowerCase());
  const [only, ...others] = named.map((each) => each.flow_id);
  if (only === undefined) {
    throw new AppError("not_found", `Flow '${flow}' not found in bundle '${refOf(installed)}'`);
  }
  if (others.length === 0) return only;
  throw new AppError(
    "invalid_request",
    `'${flow}' is the name of several entrypoints of bundle '${refOf(installed)}' (${[only, ...others].join(", ")}): name one by its id`,
  );
}
