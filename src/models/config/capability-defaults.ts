import { AppError } from "#core/errors.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import type { StoredJson } from "#models/config/stored-json.ts";

/** What can have a default (contract http-api 1.22). A task narrows its modality. */
export const capabilityRoutes: readonly { kind: string; modality: string; tasks?: readonly string[] }[] = [
  { kind: "input", modality: "text" },
  { kind: "output", modality: "text" },
  { kind: "input", modality: "image" },
  { kind: "input", modality: "video" },
  { kind: "input", modality: "voice" },
  { kind: "input", modality: "sound" },
  { kind: "input", modality: "music" },
  { kind: "output", modality: "image", tasks: ["text_to_image", "image_to_image", "image_upscale"] },
  { kind: "output", modality: "video", tasks: ["text_to_video", "image_to_video"] },
  { kind: "output", modality: "voice" },
  { kind: "output", modality: "sound" },
  { kind: "output", modality: "music" },
  { kind: "embedding", modality: "text" },
];

export interface CapabilityDefault {
  provider: string;
  model: string;
  options: JsonObject;
}

/** A default that somebody gave elsewhere, or that was found. */
export interface OtherDefault {
  provider: string;
  model: string;
  source: "environment" | "discovered";
}

export interface CapabilityRoute {
  key: string;
  kind: string;
  modality: string;
  task?: string;
  provider: string | null;
  model: string | null;
  options: JsonObject;
  configured: boolean;
  source: "gateway_config" | "environment" | "discovered" | "none";
}

export interface DefaultsBook {
  /** Null when nothing was set. A task without a default takes its modality's. */
  get(key: string): CapabilityDefault | null;
  /** Every route; `others` says what holds for those where nothing was set. */
  list(others: Readonly<Record<string, OtherDefault | undefined>>): CapabilityRoute[];
  /** AppError `invalid_request` for an unknown route, or when no provider or model would be left. */
  set(
    key: string,
    given: { provider?: string | null; model?: string | null; options?: JsonObject | null },
  ): Promise<void>;
  remove(key: string): Promise<void>;
}

/** Which provider and model are used where a flow or a client names none, by route. What was set here wins over all else. */
export class CapabilityDefaults implements DefaultsBook {
  #file: StoredJson;

  constructor(file: StoredJson) {
    this.#file = file;
  }

  get(key: string): CapabilityDefault | null {
    const stored = this.#stored();
    const canonical = canonicalKey(key);
    return stored[canonical] ?? stored[canonical.split(".").slice(0, 2).join(".")] ?? null;
  }

  list(others: Readonly<Record<string, OtherDefault | undefined>>): CapabilityRoute[] {
    const stored = this.#stored();
    return allKeys().map(({ key, ...route }) => {
      const own = stored[canonicalKey(key)];
      const other = others[canonicalKey(key)];
      const source = own ? ("gateway_config" as const) : (other?.source ?? ("none" as const));
      const { provider, model } = own ?? other ?? { provider: null, model: null };
      return { key, ...route, provider, model, options: own?.options ?? {}, configured: provider !== null, source };
    });
  }

  async set(key: string, given: { provider?: string | null; model?: string | null; options?: JsonObject | null }) {
    assertKey(key);
    const canonical = canonicalKey(key);
    const stored = this.#stored();
    const before = stored[canonical];
    const provider = given.provider?.trim() || before?.provider;
    const model = given.model?.trim() || before?.model;
    if (!provider || !model)
      throw new AppError("invalid_request", `The default of ${key} needs a provider and a model`);
    const options = given.options ?? before?.options ?? {};
    await this.#file.write({ version: 1, routes: { ...stored, [canonical]: { provider, model, options } } });
  }

  async remove(key: string): Promise<void> {
    assertKey(key);
    const { [canonicalKey(key)]: _, ...rest } = this.#stored();
    await this.#file.write({ version: 1, routes: rest });
  }

  #stored(): Record<string, CapabilityDefault> {
    const value = this.#file.read() as Value | null;
    const routes =
      isObject(value ?? undefined) && isObject((value as JsonObject)["routes"])
        ? ((value as JsonObject)["routes"] as JsonObject)
        : {};
    return Object.fromEntries(
      Object.entries(routes).flatMap(([key, route]) => {
        const read = readDefault(route);
        return read ? [[key, read]] : [];
      }),
    );
  }
}

function readDefault(value: Value | undefined): CapabilityDefault | null {
  if (!isObject(value)) return null;
  const { provider, model, options } = value;
  if (typeof provider !== "string" || typeof model !== "string") return null;
  return { provider, model, options: isObject(options) ? options : {} };
}

function allKeys(): { key: string; kind: string; modality: string; task?: string }[] {
  return capabilityRoutes.flatMap(({ kind, modality, tasks = [] }) => [
    { key: `${kind}.${modality}`, kind, modality },
    ...tasks.map((task) => ({ key: `${kind}.${modality}.${task}`, kind, modality, task })),
  ]);
}

/** Reading and writing text are one route. */
function canonicalKey(key: string): string {
  return key === "output.text" ? "input.text" : key;
}

function assertKey(key: string): void {
  const known = allKeys().map((route) => route.key);
  if (known.includes(key)) return;
  throw new AppError(
    "invalid_request",
    `'${key.slice(0, 100)}' is no capability route (there are: ${known.join(", ")})`,
  );
}
