import { AppError } from "#core/errors.ts";
import { type Clock, isoTime } from "#core/time.ts";
import { type JsonObject, isObject } from "#core/value.ts";
import { packFlow } from "#bundles/pack.ts";
import type { BundleRegistry, InstalledBundle } from "#bundles/registry.ts";
import { isDraftVersion } from "#bundles/versions.ts";
import type { VisualFlowStore } from "#bundles/visual-flows/visual-flow-store.ts";
import type { VisualFlow } from "#bundles/visual-flows/visual-flow.ts";

export interface PublishRequest {
  flowId: string;
  /** Default: the flow's name as an id, else the flow's id. */
  bundleId: string | null;
  /** Default: `0.0.0`, then one more than the latest published version. */
  bundleVersion: string | null;
  overwrite: boolean;
}

export interface PublishOptions {
  flows: VisualFlowStore;
  bundles: BundleRegistry;
  /** Name of this machine, for the manifest. */
  host: string;
  now: Clock;
}

/** Somebody else may publish the same flow in the same moment: then the next number is taken. */
const maxAttempts = 20;

/**
 * Packs a flow with the flows that it calls, from the same store, and installs the bundle. AppErrors `not_found`, `invalid_request`
 * (cannot be packed, version exists, no id of a bundle), `storage`.
 */
export async function publishFlow(request: PublishRequest, options: PublishOptions): Promise<InstalledBundle> {
  const { flows, bundles } = options;
  const flow = await flows.read(request.flowId);
  const bundleId = request.bundleId?.trim() || bundleIdOf(flow);
  const chosen = request.bundleVersion?.trim() || null;
  for (let attempt = 1; ; attempt++) {
    const bundleVersion = chosen ?? nextVersion(bundles, bundleId);
    const { archive } = await packFlow(flow, (flowId) => findFlow(flows, flowId), {
      bundleId,
      bundleVersion,
      createdAt: isoTime(options.now()),
      metadata: metadataOf(flow, { bundleId, bundleVersion }, options),
    });
    const isTaken = () => bundles.find(bundleId, bundleVersion) !== null;
    try {
      return await bundles.install(archive, { overwrite: request.overwrite });
    } catch (error) {
      if (chosen !== null || attempt >= maxAttempts || !isTaken()) throw error;
    }
  }
}

/** A flow that a node names may be written as `bundle:flow`, or as the id alone; a name that no file can have is no flow here. */
async function findFlow(flows: VisualFlowStore, flowId: string): Promise<VisualFlow | null> {
  try {
    return await flows.read(flowId);
  } catch (error) {
    if (error instanceof AppError && (error.code === "not_found" || error.code === "invalid_request")) return null;
    throw error;
  }
}

const maxIdChars = 100;

/** `Ask for a colour!` becomes `Ask-for-a-colour`. */
function bundleIdOf(flow: VisualFlow): string {
  const id = flow.name
    .replace(/[^A-Za-z0-9_-]+/g, "-")
    .slice(0, maxIdChars)
    .replace(/^-+|-+$/g, "");
  return id || flow.id;
}

/** One more than the latest published version: its last number, of three at least. */
function nextVersion(bundles: BundleRegistry, bundleId: string): string {
  const latest = bundles.latest(bundleId).published;
  if (latest === null) return "0.0.0";
  const parts = latest.split(".");
  const numbers = parts.every((part) => /^\d+$/.test(part)) ? parts : [...parts, "0"];
  while (numbers.length < 3) numbers.push("0");
  do numbers.push(String(BigInt(numbers.pop() ?? "0") + 1n));
  while (bundles.find(bundleId, numbers.join(".")) !== null);
  return numbers.join(".");
}

/** Where the bundle comes from: what the editor and the catalog show of it. */
function metadataOf(
  flow: VisualFlow,
  { bundleId, bundleVersion }: { bundleId: string; bundleVersion: string },
  { bundles, host, now }: PublishOptions,
): JsonObject {
  const previous = bundles.latest(bundleId).published;
  const before = previous === null || previous === bundleVersion ? null : previous;
  return {
    lifecycle: { channel: isDraftVersion(bundleVersion) ? "draft" : "published", source: "abstractflow.editor" },
    publisher: { host, published_at: isoTime(now()) },
    source: { root_flow_id: flow.id, root_flow_name: flow.name, root_flow_updated_at: flow.updated_at },
    lineage: {
      bundle_id: bundleId,
      bundle_version: bundleVersion,
      origin_bundle_version: originOf(bundles, bundleId, before) ?? bundleVersion,
      ...(before === null ? {} : { previous_bundle_version: before }),
    },
  };
}

/** The version that the line of versions began with. */
function originOf(bundles: BundleRegistry, bundleId: string, version: string | null): string | null {
  if (version === null) return null;
  const lineage = bundles.find(bundleId, version)?.manifest.metadata["lineage"];
  const origin = isObject(lineage) ? lineage["origin_bundle_version"] : null;
  return typeof origin === "string" && origin !== "" ? origin : version;
}
