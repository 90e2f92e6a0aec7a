import type { Bundle, Manifest } from "#core/bundle.ts";
import { AppError } from "#core/errors.ts";
import type { Value } from "#core/value.ts";
import type { BundleRegistry, Deprecation, InstalledBundle } from "#bundles/registry.ts";

/** A bundle of one flow whose start node has the pins `prompt` (with a default) and `count`. */
export function installed(bundleId: string, version = "1.0.0", more: Partial<InstalledBundle> = {}): InstalledBundle {
  const flowId = "main";
  const manifest: Manifest = {
    bundle_format_version: "1",
    bundle_id: bundleId,
    bundle_version: version,
    created_at: "2026-01-01T00:00:00+00:00",
    entrypoints: [{ flow_id: flowId, name: bundleId, description: "", interfaces: ["abstractcode.agent.v1"] }],
    default_entrypoint: flowId,
    flows: { [flowId]: `flows/${flowId}.json` },
    artifacts: {},
    assets: {},
    metadata: {},
  };
  const digest = Bun.SHA256.hash(`${bundleId}@${version}`, "hex");
  const bundle: Bundle = { manifest, digest, documents: { [flowId]: document(flowId) }, flows: {}, warnings: [] };
  return { manifest, digest, isDraft: version.startsWith("draft."), removable: true, bundle, ...more };
}

function document(flowId: string): Value {
  const pins = [
    { id: "exec-out", label: "", type: "execution" },
    { id: "prompt", label: "Prompt", type: "string" },
    { id: "count", label: "count", type: "number" },
    { id: "picture", label: "picture", type: "artifact_image" },
  ];
  const start = { nodeType: "on_flow_start", label: "Start", headerColor: "#C0392B", outputs: pins };
  return {
    id: flowId,
    name: flowId,
    nodes: [
      { id: "start", type: "on_flow_start", data: { ...start, pinDefaults: { prompt: "stars" } } },
      { id: "end", type: "on_flow_end", data: { nodeType: "on_flow_end", label: "End" } },
    ],
    edges: [],
  };
}

/** A registry in memory, with the rules that the routes see. */
export class FakeBundles implements BundleRegistry {
  installed: InstalledBundle[];
  deprecations = new Map<string, Deprecation>();

  constructor(bundles: InstalledBundle[]) {
    this.installed = bundles;
  }

  list(): InstalledBundle[] {
    return this.installed.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
  }

  find(bundleId: string, version?: string): InstalledBundle | null {
    const versions = this.list().filter((each) => each.manifest.bundle_id === bundleId);
    if (version !== undefined) return versions.find((each) => each.manifest.bundle_version === version) ?? null;
    return versions.filter((each) => !each.isDraft).at(-1) ?? versions.at(-1) ?? null;
  }

  async open(digest: string): Promise<Bundle> {
    const found = this.installed.find((each) => each.digest === digest);
    if (!found) throw new AppError("gone", `No bundle has the digest ${digest}`);
    return found.bundle;
  }

  resolve(request: Parameters<BundleRegistry["resolve"]>[0]): ReturnType<BundleRegistry["resolve"]> {
    const [ref = "", flow] = (request.flowId?.includes(":") ? request.flowId : `${request.bundleId ?? ""}:`).split(":");
    if (!ref) throw new AppError("invalid_request", "bundle_id is required");
    const [bundleId = "", version] = ref.split("@");
    const found = this.find(bundleId, request.bundleVersion ?? version);
    if (!found) throw new AppError("not_found", `Bundle '${ref}' not found`);
    const flowId = flow || request.flowId || "main";
    if (!Object.hasOwn(found.bundle.documents, flowId)) throw new AppError("not_found", `Flow '${flowId}' not found`);
    if (this.deprecation(bundleId, flowId)) throw new AppError("conflict", `Workflow '${bundleId}' is deprecated`);
    return { installed: found, entrypoint: null, flowId, workflowId: `${key(found)}:${flowId}` };
  }

  async keep(archive: Uint8Array): Promise<Bundle> {
    return (await this.install(archive, { overwrite: true })).bundle;
  }

  async install(archive: Uint8Array, { overwrite }: { overwrite: boolean }): Promise<InstalledBundle> {
    const name = new TextDecoder().decode(archive);
    if (!/^[a-z]+@[0-9.]+$/.test(name)) throw new AppError("invalid_request", "The file is not a .flow bundle");
    const [bundleId = "", version = ""] = name.split("@");
    const found = installed(bundleId, version);
    if (!overwrite && this.find(bundleId, version)) {
      throw new AppError("invalid_request", `Bundle already installed: ${name}`);
    }
    this.installed = [...this.installed.filter((each) => key(each) !== name), found];
    return found;
  }

  async remove(bundleId: string, version?: string): Promise<number> {
    const before = this.installed.length;
    this.installed = this.installed.filter(
      ({ manifest }) =>
        manifest.bundle_id !== bundleId || (version !== undefined && manifest.bundle_version !== version),
    );
    return before - this.installed.length;
  }

  fileOf(bundleId: string, version: string): string | null {
    return this.find(bundleId, version) && `/flows/${bundleId}@${version}.flow`;
  }

  async reload(): ReturnType<BundleRegistry["reload"]> {
    return { bundleIds: [...new Set(this.list().map((each) => each.manifest.bundle_id))], skipped: [] };
  }

  async deprecate(bundleId: string, flowId: string | null, reason: string | null): Promise<Deprecation> {
    const deprecation = { deprecated_at: "2026-11-23T00:00:00+00:00", reason };
    this.deprecations.set(`${bundleId}:${flowId ?? "*"}`, deprecation);
    return deprecation;
  }

  async undeprecate(bundleId: string, flowId: string | null): Promise<boolean> {
    return this.deprecations.delete(`${bundleId}:${flowId ?? "*"}`);
  }

  deprecation(bundleId: string, flowId: string): Deprecation | null {
    return this.deprecations.get(`${bundleId}:${flowId}`) ?? this.deprecations.get(`${bundleId}:*`) ?? null;
  }

  latest(bundleId: string): { published: string | null; any: string | null } {
    const versions = this.list().filter((each) => each.manifest.bundle_id === bundleId);
    const version = (found: InstalledBundle | undefined) => found?.manifest.bundle_version ?? null;
    return { published: version(versions.filter((each) => !each.isDraft).at(-1)), any: version(versions.at(-1)) };
  }
}

function key({ manifest }: InstalledBundle): string {
  return `${manifest.bundle_id}@${manifest.bundle_version}`;
}
