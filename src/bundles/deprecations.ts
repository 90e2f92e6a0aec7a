import { readFile } from "node:fs/promises";
import { AppError, messageOf } from "#core/errors.ts";
import { parseJson } from "#core/json.ts";
import { type JsonObject, isObject } from "#core/value.ts";
import { writeDurably } from "#bundles/durable-file.ts";
import type { Deprecation } from "#bundles/registry.ts";

/** `workflow_deprecations.json` of the data folder (contract http-api 4.1): per bundle, per flow or `*` for all. */
export class Deprecations {
  #path: string;
  #bundles: Record<string, Record<string, Deprecation>>;

  private constructor(path: string, bundles: Record<string, Record<string, Deprecation>>) {
    this.#path = path;
    this.#bundles = bundles;
  }

  static async open(path: string): Promise<Deprecations> {
    return new Deprecations(path, await read(path));
  }

  of(bundleId: string, flowId: string): Deprecation | null {
    const flows = this.#bundles[bundleId] ?? {};
    return flows[flowId] ?? flows["*"] ?? null;
  }

  async add(bundleId: string, flowId: string, deprecation: Deprecation): Promise<void> {
    this.#bundles = { ...this.#bundles, [bundleId]: { ...this.#bundles[bundleId], [flowId]: deprecation } };
    await this.#save();
  }

  /** Without a flow everything of the bundle goes. */
  async remove(bundleId: string, flowId: string | null): Promise<boolean> {
    const flows = { ...this.#bundles[bundleId] };
    const names = flowId === null ? Object.keys(flows) : [flowId].filter((name) => Object.hasOwn(flows, name));
    for (const name of names) delete flows[name];
    this.#bundles = { ...this.#bundles, [bundleId]: flows };
    if (names.length > 0) await this.#save();
    return names.length > 0;
  }

  #save(): Promise<void> {
    const text = JSON.stringify({ version: 1, bundles: this.#bundles }, null, 2);
    return writeDurably(this.#path, new TextEncoder().encode(`${text}\n`));
  }
}

async function read(path: string): Promise<Record<string, Record<string, Deprecation>>> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch {
    return {};
  }
  try {
    const document = parseJson(text);
    const bundles = isObject(document) && isObject(document["bundles"]) ? document["bundles"] : {};
    return Object.fromEntries(
      Object.entries(bundles).map(([id, flows]) => [id, readFlows(isObject(flows) ? flows : {})]),
    );
  } catch (error) {
    throw new AppError("storage", `${path} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

function readFlows(flows: JsonObject): Record<string, Deprecation> {
  const known: Record<string, Deprecation> = {};
  for (const [id, entry] of Object.entries(flows)) {
    if (!isObject(entry)) continue;
    const { deprecated_at, reason } = entry;
    known[id] = { deprecated_at: String(deprecated_at ?? ""), reason: typeof reason === "string" ? reason : null };
  }
  return known;
}
