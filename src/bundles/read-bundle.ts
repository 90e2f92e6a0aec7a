import { readFileSync, readdirSync, statSync } from "node:fs";
import { join, relative, sep } from "node:path";
import type { Bundle, Manifest } from "#core/bundle.ts";
import { AppError, messageOf } from "#core/errors.ts";
import type { Flow } from "#core/flow.ts";
import { sanitizeId } from "#core/ids.ts";
import { parseJson } from "#core/json.ts";
import type { Value } from "#core/value.ts";
import { readManifest } from "#bundles/manifest.ts";
import { namespaceFlow, readFlow } from "#bundles/read-flow.ts";
import { type ZipLimits, readZip, zipLimits } from "#bundles/zip.ts";

/** Reads a `.flow` archive. AppError `invalid_request` with the reason when it cannot be trusted or understood. */
export function readBundle(archive: Uint8Array, limits: ZipLimits = zipLimits): Bundle {
  return fromFiles(readZip(archive, limits), Bun.SHA256.hash(archive, "hex"));
}

/** The files of a folder with the layout of an archive. */
export function readFolderFiles(path: string): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  collect(path, path, files);
  return files;
}

function fromFiles(files: Map<string, Uint8Array>, digest: string): Bundle {
  const manifest = readManifest(json(files, "manifest.json"));
  const warnings: string[] = [];
  const documents: Record<string, Value> = {};
  const read: Record<string, Flow> = {};
  for (const [flowId, path] of Object.entries(manifest.flows)) {
    try {
      const document = json(files, path);
      read[flowId] = { ...readFlow(document, warnings), id: flowId };
      documents[flowId] = document;
    } catch (error) {
      // The other flows of the bundle still work; an entrypoint must be sound.
      if (manifest.entrypoints.some((entry) => entry.flow_id === flowId)) throw error;
      warnings.push(`Flow '${flowId}' cannot be used: ${messageOf(error)}`);
    }
  }
  return { manifest, digest, documents, flows: namespaceAll(manifest, read, warnings), warnings };
}

function namespaceAll(manifest: Manifest, flows: Record<string, Flow>, warnings: string[]): Record<string, Flow> {
  const bundle = {
    ref: `${manifest.bundle_id}@${manifest.bundle_version}`,
    flowIds: new Set(Object.keys(flows)),
    sanitize: sanitizeId,
  };
  return Object.fromEntries(Object.entries(flows).map(([id, flow]) => [id, namespaceFlow(flow, bundle, warnings)]));
}

function json(files: Map<string, Uint8Array>, path: string): Value {
  const bytes = files.get(path);
  if (!bytes) throw new AppError("invalid_request", `The bundle is refused: '${path}' is missing`);
  try {
    return parseJson(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw new AppError("invalid_request", `The bundle is refused: '${path}' is not JSON (${messageOf(error)})`, {
      cause: error,
    });
  }
}

function collect(root: string, folder: string, files: Map<string, Uint8Array>): void {
  for (const name of readdirSync(folder).sort()) {
    const path = join(folder, name);
    const stat = statSync(path);
    if (files.size > zipLimits.maxEntries)
      throw new AppError("invalid_request", `The folder ${root} has too many files`);
    if (stat.isDirectory()) collect(root, path, files);
    else if (stat.size <= zipLimits.maxEntryBytes)
      files.set(relative(root, path).split(sep).join("/"), readFileSync(path));
  }
}
