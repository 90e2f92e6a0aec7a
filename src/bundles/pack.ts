import { readFile, readdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Bundle, Manifest } from "#core/bundle.ts";
import { AppError } from "#core/errors.ts";
import type { Flow } from "#core/flow.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import { shown } from "#bundles/entry-path.ts";
import { parseDocument } from "#bundles/json-document.ts";
import { flowProblem, readBundle } from "#bundles/read-bundle.ts";
import { flowIdOf, readFlow } from "#bundles/read-flow.ts";
import { readFolderFiles } from "#bundles/read-folder.ts";
import { reachableFlows } from "#bundles/reachable-flows.ts";
import { packFiles } from "#bundles/pack-files.ts";
import { storageError } from "#bundles/durable-file.ts";

export interface PackOptions {
  /** Default: the root flow's id. */
  bundleId?: string;
  /** Default `0.0.0`. */
  bundleVersion?: string;
  /** ISO time. Default: when the root flow was last changed, so that the same flows give the same bytes. */
  createdAt?: string;
  /** Default: the root flow. */
  defaultEntrypoint?: string;
  metadata?: JsonObject;
}

export interface Packed {
  archive: Uint8Array;
  bundle: Bundle;
}

export { packFiles };

/** The document of a flow by its id, or null. */
export type FindDocument = (flowId: string) => Promise<Value | null>;

const unknownTime = "1980-01-01T00:00:00+00:00";

/**
 * Packs a flow and every flow that it can come to call. The same documents and options give the same bytes. AppError `invalid_request`:
 * a flow that is not there, an id that does not suit a bundle, or anything else that the reader would refuse.
 */
export async function packFlow(root: Value, find: FindDocument, options: PackOptions = {}): Promise<Packed> {
  const documents = new Map<string, Value>();
  const read = (document: Value): Flow => {
    const { flow } = readFlow(document);
    documents.set(flow.id, document);
    return flow;
  };
  const rootFlow = read(root);
  const flows = await reachableFlows(rootFlow, async (flowId) => {
    const document = await find(flowId);
    return document === null ? null : { ...read(document), id: flowId };
  });
  const manifest = manifestFor(flows, isObject(root) ? root : {}, options);
  const files = new Map([["manifest.json", encode(manifest)]]);
  for (const { id } of flows) files.set(pathOf(id), encode(documents.get(id) ?? null));
  return checked(packFiles(files));
}

/**
 * Packs what lies at a path: a folder with a `manifest.json`, a VisualFlow file (the flows that it calls lie beside it), or a folder of
 * VisualFlow files, of which `root` names the first one to run. AppErrors `not_found`, `invalid_request`.
 */
export async function packPath(path: string, options: PackOptions & { root?: string } = {}): Promise<Packed> {
  const found = await stat(path).catch(() => null);
  if (!found) throw new AppError("not_found", `There is nothing to pack at ${path}`);
  if (!found.isDirectory()) {
    const documents = await readDocuments(dirname(path));
    return packFlow(await readDocument(path), async (flowId) => documents.get(flowId) ?? null, options);
  }
  if (await Bun.file(join(path, "manifest.json")).exists()) return checked(packFiles(readFolderFiles(path)));
  const documents = await readDocuments(path);
  const root = options.root === undefined ? onlyDocument(documents, path) : documents.get(options.root);
  if (root === undefined) throw new AppError("invalid_request", `${path} has no flow ${shown(options.root ?? "")}`);
  return packFlow(root, async (flowId) => documents.get(flowId) ?? null, options);
}

/** A packer that writes what the reader refuses is no packer: the archive is read back, and every flow in it must be sound. */
function checked(archive: Uint8Array): Packed {
  const bundle = readBundle(archive);
  for (const flowId of Object.keys(bundle.manifest.flows)) {
    const problem = flowProblem(bundle, flowId);
    if (problem !== null) throw new AppError("invalid_request", problem);
  }
  return { archive, bundle };
}

function manifestFor(flows: Flow[], root: JsonObject, options: PackOptions): Manifest {
  const [entry] = flows;
  if (!entry) throw new AppError("internal", "A bundle has at least its root flow");
  const time = [root["updated_at"], root["created_at"]].find((value) => typeof value === "string" && value !== "");
  const ids = flows.map((flow) => flow.id).sort();
  return {
    bundle_format_version: "1",
    bundle_id: options.bundleId ?? entry.id,
    bundle_version: options.bundleVersion ?? "0.0.0",
    created_at: options.createdAt ?? (typeof time === "string" ? time : unknownTime),
    entrypoints: [
      { flow_id: entry.id, name: entry.name, description: entry.description, interfaces: entry.interfaces },
    ],
    default_entrypoint: options.defaultEntrypoint ?? entry.id,
    flows: Object.fromEntries(ids.map((id) => [id, pathOf(id)])),
    artifacts: {},
    assets: {},
    metadata: options.metadata ?? {},
  };
}

function pathOf(flowId: string): string {
  return `flows/${flowId}.json`;
}

function encode(value: unknown): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);
}

/** The flows of a folder by their ids. What is no flow is passed over. AppError `invalid_request` when two have the same id. */
async function readDocuments(folder: string): Promise<Map<string, Value>> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".json")).sort();
  const documents = new Map<string, Value>();
  for (const name of names) {
    const document = await readDocument(join(folder, name)).catch(() => null);
    const id = isObject(document) && Array.isArray(document["nodes"]) ? flowIdOf(document) : null;
    if (document === null || id === null) continue;
    if (documents.has(id)) throw new AppError("invalid_request", `${folder} has two flows with the id ${shown(id)}`);
    documents.set(id, document);
  }
  return documents;
}

async function readDocument(path: string): Promise<Value> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw storageError(`read ${path}`, cause);
  });
  return parseDocument(bytes, path);
}

/** The one flow that a folder has. */
function onlyDocument(documents: Map<string, Value>, folder: string): Value {
  const [id, ...others] = documents.keys();
  if (id === undefined) throw new AppError("invalid_request", `${folder} has no manifest.json and no flow`);
  if (others.length === 0) return documents.get(id) ?? null;
  const names = [id, ...others].slice(0, 20).join(", ");
  throw new AppError("invalid_request", `${folder} has several flows (${names}): name the first one to run`);
}
