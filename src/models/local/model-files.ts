import { readdir, stat } from "node:fs/promises";
import { basename, dirname, isAbsolute, join } from "node:path";
import { AppError } from "#core/errors.ts";
import { type GgufMetadata, readGgufMetadata } from "#models/local/gguf-metadata.ts";
import { hubFolder, parseHubName } from "#models/hub/hub-name.ts";
import type { ModelInfo } from "#models/provider.ts";

/** Deeper folders are nobody's models. */
const maxDepth = 4;
/** How llama.cpp names the parts of a split model; the first one stands for all. */
const partName = /^(.*)-(\d{5})-of-(\d{5})$/;

/** Every file `*.gguf` in the folders and those below, named by its stem; the first folder wins. A folder that is not there is empty. */
export async function listModelFiles(folders: string[]): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const folder of folders) await collect(folder, maxDepth, found);
  return found;
}

async function collect(folder: string, depth: number, found: Map<string, string>): Promise<void> {
  const names = await readdir(folder).catch((): string[] => []);
  for (const name of names.sort()) {
    const path = join(folder, name);
    const kind = await kindOf(path);
    if (kind === "folder" && depth > 1) await collect(path, depth - 1, found);
    const stem = modelName(name);
    if (kind === "file" && stem !== null && !found.has(stem)) found.set(stem, path);
  }
}

/** Name of the model in a file; null for what is no model, and for every part but the first. */
function modelName(fileName: string): string | null {
  if (!fileName.endsWith(".gguf")) return null;
  const stem = basename(fileName, ".gguf");
  const part = partName.exec(stem);
  if (!part) return stem;
  return Number(part[2]) === 1 ? (part[1] ?? stem) : null;
}

/** A link that leads nowhere may have such a name too; a pipe would never be read to its end. */
async function kindOf(path: string): Promise<"file" | "folder" | "other"> {
  const found = await stat(path).catch(() => null);
  return found?.isFile() ? "file" : found?.isDirectory() ? "folder" : "other";
}

/**
 * Path of a model by its name, its hub name (`hf:org/repo:Q4_K_M`) or its own absolute path. AppError `not_found` tells where
 * was looked and what there is.
 */
export async function findModel(name: string, folders: string[]): Promise<string> {
  if (isAbsolute(name) && name.endsWith(".gguf") && (await kindOf(name)) === "file") return name;
  const models = await listModelFiles(folders);
  const path = models.get(basename(name, ".gguf")) ?? pulledModel(name, [...models.values()]);
  if (path !== undefined) return path;
  const there = [...models.keys()].join(", ") || "none";
  const where = folders.length > 0 ? ` in ${folders.join(", ")}` : "";
  const remedy = parseHubName(name) ? `; \`abstractgateway models pull ${name}\` gets it` : "";
  throw new AppError("not_found", `There is no local model '${name}'${where} (there are: ${there})${remedy}`);
}

/** A hub name means a file in the folder that `models pull` made for the repository. */
function pulledModel(name: string, paths: string[]): string | undefined {
  const hub = parseHubName(name);
  if (!hub) return undefined;
  const folder = hubFolder(hub);
  const wanted = hub.file?.toLowerCase() ?? hub.tag?.toLowerCase() ?? "";
  return paths.find((path) => basename(dirname(path)) === folder && basename(path).toLowerCase().includes(wanted));
}

/** Whether a model's purpose is to make vectors of texts. */
export function isEmbeddingModel({ poolingType, hasChatTemplate }: GgufMetadata): boolean {
  return poolingType !== null && poolingType > 0 && !hasChatTemplate;
}

/** What a catalogue says of a model. A file that cannot be read is listed too, without what nobody knows. */
export async function describeModel(id: string, path: string): Promise<ModelInfo> {
  const metadata = await readGgufMetadata(path).catch(() => null);
  const isEmbedding = metadata !== null && isEmbeddingModel(metadata);
  return {
    id,
    provider: "local",
    capabilities: isEmbedding ? ["embedding"] : ["text", "tools", "json"],
    sizeBytes: await modelBytes(path),
    ...(metadata ? knownOf(metadata) : {}),
    ...(isEmbedding && metadata.embeddingLength !== null ? { dimensions: metadata.embeddingLength } : {}),
  };
}

function knownOf({ contextTokens, architecture, quantization }: GgufMetadata): Partial<ModelInfo> {
  return {
    ...(contextTokens === null ? {} : { contextTokens }),
    ...(architecture === null ? {} : { architecture }),
    ...(quantization === null ? {} : { quantization }),
  };
}

/** Bytes of all parts of a model. AppError `not_found` names the first part that is missing. */
export async function modelBytes(path: string): Promise<number> {
  let bytes = 0;
  for (const part of partsOf(path)) {
    const found = await stat(part).catch(() => null);
    if (!found) throw new AppError("not_found", `A part of the model is missing: ${part}`);
    bytes += found.size;
  }
  return bytes;
}

function partsOf(path: string): string[] {
  const part = partName.exec(basename(path, ".gguf"));
  const count = Number(part?.[3] ?? 1);
  if (!part || count < 2) return [path];
  return Array.from({ length: count }, (_, index) =>
    join(dirname(path), `${part[1]}-${String(index + 1).padStart(5, "0")}-of-${part[3]}.gguf`),
  );
}
