import { createHash } from "node:crypto";
import { AppError } from "#core/errors.ts";
import type { SecretBox } from "#models/config/secret-box.ts";
import type { StoredJson } from "#models/config/stored-json.ts";

/** A provider that somebody entered, with its key encrypted (contract http-api 1.22: provider endpoint profile). */
export interface Connection {
  id: string;
  displayName: string;
  description: string;
  family: string;
  /** Null: the family's own. */
  baseUrl: string | null;
  sealedKey: string | null;
  /** First 16 hex digits of the key's SHA-256. */
  keyFingerprint: string | null;
  scope: "user" | "gateway";
  capabilities: string[];
  /** Empty: all. */
  allowedModels: string[];
  enabled: boolean;
  createdAt: string;
  updatedAt: string;
}

export interface ConnectionInput {
  displayName?: string;
  description?: string;
  family?: string;
  baseUrl?: string | null;
  apiKey?: string | null;
  clearKey?: boolean;
  scope?: Connection["scope"];
  capabilities?: string[];
  allowedModels?: string[];
  enabled?: boolean;
}

/** Kinds of servers that a connection can speak to, and where they are when nobody says. */
export const families: Readonly<
  Record<
    string,
    { kind: "openai-compatible" | "openai" | "anthropic" | "google" | "elevenlabs"; baseUrl: string | null }
  >
> = {
  "openai-compatible": { kind: "openai-compatible", baseUrl: null },
  openai: { kind: "openai", baseUrl: "https://api.openai.com/v1" },
  anthropic: { kind: "anthropic", baseUrl: "https://api.anthropic.com/v1" },
  google: { kind: "google", baseUrl: "https://generativelanguage.googleapis.com/v1beta" },
  elevenlabs: { kind: "elevenlabs", baseUrl: "https://api.elevenlabs.io/v1" },
  mistral: { kind: "openai-compatible", baseUrl: "https://api.mistral.ai/v1" },
  openrouter: { kind: "openai-compatible", baseUrl: "https://openrouter.ai/api/v1" },
  azure: { kind: "openai", baseUrl: null },
  lmstudio: { kind: "openai-compatible", baseUrl: "http://127.0.0.1:1234/v1" },
  ollama: { kind: "openai-compatible", baseUrl: "http://127.0.0.1:11434/v1" },
};

export interface ConnectionsOptions {
  file: StoredJson;
  box: SecretBox;
  now: () => Date;
}

export interface ConnectionBook {
  list(): Connection[];
  get(id: string): Connection | null;
  /** For the call itself. AppError `storage` when the key cannot be decrypted. */
  keyOf(connection: Connection): string | null;
  /** Makes it or changes what was given. AppError `invalid_request` names what is wrong. */
  put(id: string, input: ConnectionInput): Promise<Connection>;
  /** False when there was none. */
  remove(id: string): Promise<boolean>;
}

/** The connections that somebody entered. Keys go in and are used for calls; they never come out. */
export class Connections implements ConnectionBook {
  #options: ConnectionsOptions;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  list(): Connection[] {
    const value = this.#options.file.read();
    const profiles = isRecord(value) && Array.isArray(value["profiles"]) ? value["profiles"] : [];
    return profiles.filter(isConnection);
  }

  get(id: string): Connection | null {
    return this.list().find((each) => each.id === id) ?? null;
  }

  keyOf({ id, sealedKey }: Connection): string | null {
    return sealedKey === null ? null : this.#options.box.open(sealedKey, id);
  }

  async put(id: string, input: ConnectionInput): Promise<Connection> {
    assertId(id);
    const before = this.get(id);
    const nowText = this.#options.now().toISOString();
    const family = input.family ?? before?.family ?? "openai-compatible";
    const next: Connection = {
      id,
      displayName: input.displayName?.trim() || before?.displayName || id,
      description: input.description ?? before?.description ?? "",
      family,
      baseUrl: addressOf(family, input.baseUrl === undefined ? (before?.baseUrl ?? null) : input.baseUrl),
      ...this.#keyAfter(id, input, before),
      scope: input.scope ?? before?.scope ?? "user",
      capabilities: input.capabilities ?? before?.capabilities ?? ["text"],
      allowedModels: input.allowedModels ?? before?.allowedModels ?? [],
      enabled: input.enabled ?? before?.enabled ?? true,
      createdAt: before?.createdAt ?? nowText,
      updatedAt: nowText,
    };
    await this.#write([...this.list().filter((each) => each.id !== id), next]);
    return next;
  }

  async remove(id: string): Promise<boolean> {
    const all = this.list();
    const rest = all.filter((each) => each.id !== id);
    if (rest.length === all.length) return false;
    await this.#write(rest);
    return true;
  }

  #keyAfter(id: string, { apiKey, clearKey }: ConnectionInput, before: Connection | null) {
    if (apiKey) return { sealedKey: this.#options.box.seal(apiKey, id), keyFingerprint: fingerprintOf(apiKey) };
    if (clearKey || !before) return { sealedKey: null, keyFingerprint: null };
    return { sealedKey: before.sealedKey, keyFingerprint: before.keyFingerprint };
  }

  async #write(profiles: Connection[]): Promise<void> {
    const sorted = profiles.toSorted((a, b) => (a.id < b.id ? -1 : 1));
    await this.#options.file.write({ version: 1, profiles: sorted });
  }
}

/** Where a family's server is. AppError `invalid_request` when that is not known. */
export function addressOf(family: string, baseUrl: string | null): string | null {
  const known = families[family];
  if (!known) {
    const there = Object.keys(families).join(", ");
    throw new AppError(
      "invalid_request",
      `provider_family '${family.slice(0, 80)}' is not known (there are: ${there})`,
    );
  }
  const given = baseUrl?.trim() || null;
  if (given === null) {
    if (known.baseUrl === null) throw new AppError("invalid_request", `base_url is required for ${family}`);
    return null;
  }
  const url = URL.canParse(given) ? new URL(given) : null;
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password) {
    throw new AppError("invalid_request", "base_url must be an http or https address without a user name");
  }
  return given.replace(/\/+$/, "");
}

function fingerprintOf(key: string): string {
  return createHash("sha256").update(key).digest("hex").slice(0, 16);
}

function assertId(id: string): void {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$/.test(id)) return;
  throw new AppError(
    "invalid_request",
    "id must have 1 to 80 letters, digits, '.', '_' and '-', and begin with a letter or digit",
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isConnection(value: unknown): value is Connection {
  return (
    isRecord(value) &&
    typeof value["id"] === "string" &&
    typeof value["family"] === "string" &&
    value["family"] in families
  );
}
