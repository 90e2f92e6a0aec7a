import type { ArchiveLimits } from "#bundles/archive-limits.ts";
import { namespaceFlow } from "#bundles/namespace-flow.ts";
import { packFiles } from "#bundles/pack-files.ts";
import { readBundle } from "#bundles/read-bundle.ts";
import { readFlow } from "#bundles/read-flow.ts";
import { scanFolder } from "#bundles/scan-folder.ts";
import type { Bundle } from "#core/bundle.ts";
import { AppError, messageOf } from "#core/errors.ts";
import type { Flow } from "#core/flow.ts";
import { canonicalJson } from "#core/json.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import type { MigratedBundle } from "#migrate/source.ts";
import type { Warnings } from "#migrate/warnings.ts";

interface Known {
  bundle: Bundle;
  archive: Uint8Array;
  installedAs: string | null;
}

/** The bundles of a Python gateway, and those that its runs keep although they are not installed any more. */
export class PythonBundles {
  #byRef = new Map<string, Known>();
  #byDigest = new Map<string, Known>();
  #bySnapshot = new Map<string, string | null>();

  /** Reads installed bundles; those of the shared catalog are only there for the runs. */
  static async read(
    folders: { installed: string; others: string[] },
    limits: ArchiveLimits,
    { warnings, installs }: { warnings: Warnings; installs: boolean },
  ): Promise<PythonBundles> {
    const bundles = new PythonBundles();
    for (const folder of [folders.installed, ...folders.others]) {
      for await (const found of scanFolder(folder, limits)) {
        if ("reason" in found) warnings.add("bundle", `${found.file}: ${found.reason}`);
        else
          bundles.#take(found.file, found.archive, { isInstalled: installs && folder === folders.installed, warnings });
      }
    }
    return bundles;
  }

  #take(file: string, archive: Uint8Array, { isInstalled, warnings }: { isInstalled: boolean; warnings: Warnings }) {
    try {
      const bundle = readBundle(archive);
      const ref = `${bundle.manifest.bundle_id}@${bundle.manifest.bundle_version}`;
      const known = { bundle, archive, installedAs: isInstalled ? ref : null };
      if (!this.#byRef.has(ref)) this.#byRef.set(ref, known);
      if (!this.#byDigest.has(bundle.digest)) this.#byDigest.set(bundle.digest, known);
    } catch (error) {
      warnings.add("bundle", `${file}: ${messageOf(error)}`);
    }
  }

  /** AppError `gone` when there is no such bundle. */
  open(digest: string): Promise<Bundle> {
    const known = this.#byDigest.get(digest);
    return known
      ? Promise.resolve(known.bundle)
      : Promise.reject(new AppError("gone", "its bundle is not installed any more"));
  }

  digestOf(ref: string): string | null {
    return this.#byRef.get(ref)?.bundle.digest ?? null;
  }

  /**
   * The bundle of a run that kept its flow when it was started: the installed one when its flow is still the same, else one made of what
   * the run kept. Null when neither can be had.
   */
  ofSnapshot(ref: string, snapshot: Value): string | null {
    const document = isObject(snapshot) ? snapshot["visualflow"] : undefined;
    const flowId = isObject(snapshot) ? snapshot["flow_id"] : undefined;
    if (!isObject(document) || typeof flowId !== "string") return this.digestOf(ref);
    const key = `${ref}\n${canonicalJson(document)}`;
    let digest = this.#bySnapshot.get(key);
    if (digest === undefined) {
      digest = this.#isSame(ref, flowId, document) ? this.digestOf(ref) : this.#make(ref, flowId, document);
      this.#bySnapshot.set(key, digest);
    }
    return digest;
  }

  *all(): Generator<MigratedBundle> {
    for (const [digest, { archive, installedAs }] of this.#byDigest) yield { digest, archive, installedAs };
  }

  #isSame(ref: string, flowId: string, document: JsonObject): boolean {
    const bundle = this.#byRef.get(ref)?.bundle;
    const installed = bundle?.flows[flowId];
    if (!bundle || !installed) return false;
    const { bundle_id: bundleId, bundle_version: bundleVersion } = bundle.manifest;
    const flowIds = new Set(Object.keys(bundle.flows));
    try {
      const kept = namespaceFlow(readFlow(document).flow, { bundleId, bundleVersion, flowId, flowIds }).flow;
      return canonicalJson(essence(kept)) === canonicalJson(essence(installed));
    } catch {
      return true;
    }
  }

  #make(ref: string, flowId: string, document: JsonObject): string | null {
    const [bundleId = "", bundleVersion = ""] = ref.split("@");
    const base = this.#byRef.get(ref)?.bundle;
    const documents: Record<string, Value> = { ...base?.documents, [flowId]: { ...document, id: flowId } };
    const name = typeof document["name"] === "string" ? document["name"] : flowId;
    const flowIds = Object.keys(documents);
    const manifest = {
      bundle_format_version: "1",
      bundle_id: bundleId,
      bundle_version: bundleVersion,
      created_at: base?.manifest.created_at ?? "1970-01-01T00:00:00+00:00",
      entrypoints: [{ flow_id: flowId, name, description: "", interfaces: [] }],
      flows: Object.fromEntries(flowIds.map((id, index) => [id, `flows/${index}.json`])),
      artifacts: {},
      assets: {},
      metadata: { kept_by_runs: true },
    };
    const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
    const files = flowIds.map((id, index): [string, Uint8Array] => [`flows/${index}.json`, bytes(documents[id])]);
    const archive = packFiles(new Map([["manifest.json", bytes(manifest)], ...files]), { store: true });
    try {
      const bundle = readBundle(archive);
      if (!this.#byDigest.has(bundle.digest)) this.#byDigest.set(bundle.digest, { bundle, archive, installedAs: null });
      return bundle.digest;
    } catch {
      return this.digestOf(ref);
    }
  }
}

/** What a flow does, without how it is drawn. */
function essence({ nodes, edges, entryNode }: Flow) {
  const text = (edge: Flow["edges"][number]) => canonicalJson(edge);
  return {
    nodes: nodes.map(({ id, type, data }) => ({ id, type, data })).sort((a, b) => (a.id < b.id ? -1 : 1)),
    edges: edges.map(text).sort(),
    entryNode,
  };
}
