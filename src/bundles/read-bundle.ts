import type { Bundle, Manifest } from "#core/bundle.ts";
import { AppError, messageOf } from "#core/errors.ts";
import type { Flow } from "#core/flow.ts";
import type { Value } from "#core/value.ts";
import { type ArchiveLimits, defaultArchiveLimits } from "#bundles/archive-limits.ts";
import { shown } from "#bundles/entry-path.ts";
import { parseDocument } from "#bundles/json-document.ts";
import { readManifest } from "#bundles/manifest.ts";
import { namespaceFlow } from "#bundles/namespace-flow.ts";
import { readFlow } from "#bundles/read-flow.ts";
import { type ZipArchive, openZip } from "#bundles/zip.ts";
import { refused } from "#bundles/zip-directory.ts";

export interface ReadOptions {
  limits?: ArchiveLimits;
  /** False: files that neither the manifest nor a flow is are not inflated, for an archive that was read once before. Default true. */
  completely?: boolean;
}

/**
 * Reads a `.flow` archive. A flow that is not sound is left out of `flows` with a warning that starts with its name; the others stay.
 * AppErrors `invalid_request` (hostile or damaged archive, bad manifest, no sound flow) and `too_large`, with the reason.
 */
export function readBundle(archive: Uint8Array, options: ReadOptions = {}): Bundle {
  const zip = openZip(archive, options.limits ?? defaultArchiveLimits);
  const manifest = readManifest(parseDocument(zip.read(manifestName(zip)), "manifest.json"));
  const content = readFlows(zip, manifest);
  content.warnings.push(...missingFiles(zip, manifest));
  if (options.completely ?? true) checkOthers(zip, manifest);
  return { manifest, digest: digestOf(archive), ...content };
}

export function digestOf(archive: Uint8Array): string {
  return Bun.SHA256.hash(archive, "hex");
}

export { readFolderFiles } from "#bundles/read-folder.ts";

/** The reason why a flow of a bundle cannot run, as reading found it, or null when it can. */
export function flowProblem(bundle: Bundle, flowId: string): string | null {
  if (Object.hasOwn(bundle.flows, flowId)) return null;
  const prefix = problemPrefix(flowId);
  return bundle.warnings.find((warning) => warning.startsWith(prefix)) ?? `${prefix}it is not in the bundle`;
}

function problemPrefix(flowId: string): string {
  return `Flow ${shown(flowId)} cannot run: `;
}

function manifestName(zip: ZipArchive): string {
  if (zip.has("manifest.json")) return "manifest.json";
  const nested = zip.names.find((name) => name.endsWith("/manifest.json"));
  throw refused(
    nested === undefined
      ? "it has no manifest.json"
      : `its manifest.json is in the folder ${shown(nested.slice(0, -"/manifest.json".length))} and not at the top`,
  );
}

type Content = Pick<Bundle, "documents" | "flows" | "warnings">;

function readFlows(zip: ZipArchive, manifest: Manifest): Content {
  const documents: [string, Value][] = [];
  const flows: [string, Flow][] = [];
  const warnings: string[] = [];
  const flowIds = new Set(Object.keys(manifest.flows));
  for (const [flowId, path] of Object.entries(manifest.flows)) {
    // A damaged file condemns the archive; a file that is missing or says nonsense only its flow.
    const bytes = zip.has(path) ? zip.read(path) : null;
    try {
      if (bytes === null) throw new AppError("invalid_request", `the bundle has no file ${shown(path)}`);
      const document = parseDocument(bytes, `its file ${shown(path)}`);
      documents.push([flowId, document]);
      const read = readFlow(document);
      if (read.flow.id !== flowId) read.warnings.push(`the file says that its id is ${shown(read.flow.id)}`);
      const { bundle_id: bundleId, bundle_version: bundleVersion } = manifest;
      const named = namespaceFlow(read.flow, { bundleId, bundleVersion, flowId, flowIds });
      flows.push([flowId, named.flow]);
      warnings.push(...[...read.warnings, ...named.warnings].map((warning) => `Flow ${shown(flowId)}: ${warning}`));
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      warnings.push(problemPrefix(flowId) + messageOf(error));
    }
  }
  const sound = new Set(flows.map(([flowId]) => flowId));
  if (!manifest.entrypoints.some((each) => sound.has(each.flow_id))) {
    throw refused(
      warnings.find((warning) => warning.includes(" cannot run: ")) ?? "it has no flow that can be started",
    );
  }
  return { documents: Object.fromEntries(documents), flows: Object.fromEntries(flows), warnings };
}

function missingFiles(zip: ZipArchive, manifest: Manifest): string[] {
  const named = [...Object.entries(manifest.assets), ...Object.entries(manifest.artifacts)];
  return named
    .filter(([, path]) => !zip.has(path))
    .map(([name, path]) => `The file ${shown(path)} of ${shown(name)} is not in the bundle`);
}

function checkOthers(zip: ZipArchive, manifest: Manifest): void {
  const read = new Set(["manifest.json", ...Object.values(manifest.flows)]);
  for (const name of zip.names) if (!read.has(name)) zip.read(name);
}
