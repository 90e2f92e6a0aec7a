import { createHash } from "node:crypto";
import { copyFile, mkdir, readFile, readdir, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { AppError } from "#core/errors.ts";
import { newHexId } from "#core/ids.ts";
import { isObject } from "#core/value.ts";
import type { CachedPrefix, ExportedPrefix } from "#models/prompt-cache.ts";

/** What lies beside a saved state. */
interface Label {
  key: string;
  tokens: number[];
  /** Build of llama.cpp that wrote the state; no other may read it. */
  release: string;
  createdAtMs: number;
  expiresAtMs: number | null;
}

export interface SavedPrefix extends Label {
  /** Null: only the name is there. */
  statePath: string | null;
  bytes: number;
  lastUsedAtMs: number;
}

export interface PrefixStoreOptions {
  /** Folder of the saved states of all models. */
  folder: string;
  /** Folder of exported copies. */
  exportFolder: string;
  /** For all models together, exports aside. What was used longest ago goes first. */
  maxBytes: number;
  now: () => number;
}

const maxKeyChars = 300;

/**
 * Saved states of sequences on disk, by model file and name: `<hash>.json` says what `<hash>.state` holds, and is written after it. Several
 * processes may work on one folder: every change is one rename, and what is gone is a miss.
 */
export class PrefixStore {
  #options: PrefixStoreOptions;
  #read = new Map<string, { mtimeMs: number; labels: Map<string, Label> }>();

  constructor(options: PrefixStoreOptions) {
    this.#options = options;
  }

  async list(modelPath: string): Promise<CachedPrefix[]> {
    const folder = await this.#folderOf(modelPath);
    const chosen = await this.defaultKey(modelPath);
    const labels = [...(await this.#labels(folder)).values()];
    const prefixes = await Promise.all(labels.map((label) => this.#saved(folder, label)));
    return prefixes
      .filter((prefix) => prefix !== null)
      .map((prefix) => describe(prefix, chosen))
      .sort((a, b) => b.lastUsedAtMs - a.lastUsedAtMs);
  }

  /** Null when there is none, or it has expired. */
  async get(modelPath: string, key: string): Promise<SavedPrefix | null> {
    const folder = await this.#folderOf(modelPath);
    const label = (await this.#labels(folder)).get(key);
    if (!label) return null;
    if (label.expiresAtMs !== null && label.expiresAtMs <= this.#options.now()) {
      await this.#remove(folder, key);
      return null;
    }
    return this.#saved(folder, label);
  }

  /** Keeps what `write` puts into a file under the key; without `write` only the key. An earlier state of the key is replaced. */
  async put(
    modelPath: string,
    label: { key: string; tokens: number[]; release: string; ttlMs: number | null },
    write: ((path: string) => Promise<unknown>) | null,
  ): Promise<CachedPrefix> {
    const { ttlMs, ...rest } = label;
    assertKey(label.key);
    const folder = await this.#folderOf(modelPath);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const nowMs = this.#options.now();
    if (write) {
      const temporary = join(folder, `${newHexId()}.tmp`);
      try {
        await write(temporary);
        await rename(temporary, statePath(folder, label.key));
      } finally {
        await rm(temporary, { force: true });
      }
    }
    const expiresAtMs = ttlMs === null ? null : nowMs + ttlMs;
    await this.#writeLabel(folder, { ...rest, createdAtMs: nowMs, expiresAtMs });
    await this.#makeRoom(join(folder, `${nameOf(label.key)}.state`));
    const saved = await this.get(modelPath, label.key);
    if (!saved)
      throw new AppError("storage", `The prompt cache '${label.key}' is larger than all caches may be together`);
    return describe(saved, await this.defaultKey(modelPath));
  }

  async fork(modelPath: string, from: string, to: string, ttlMs: number | null): Promise<CachedPrefix> {
    const saved = await this.get(modelPath, from);
    if (!saved) throw unknownKey(from);
    const { tokens, release, statePath: source } = saved;
    const copy = source === null ? null : (path: string) => copyFile(source, path);
    return this.put(modelPath, { key: to, tokens, release, ttlMs }, copy);
  }

  /** All of a model's when the key is null. Answers how many there were. */
  async clear(modelPath: string, key: string | null): Promise<number> {
    const folder = await this.#folderOf(modelPath);
    const keys = [...(await this.#labels(folder)).keys()].filter((each) => key === null || each === key);
    for (const each of keys) await this.#remove(folder, each);
    if (key === null || (await this.defaultKey(modelPath)) === key)
      await rm(join(folder, "default.txt"), { force: true });
    return keys.length;
  }

  /** Marks a use, which keeps a cache from being the next to go. */
  async touch({ statePath: path }: SavedPrefix): Promise<void> {
    const now = new Date(this.#options.now());
    if (path !== null) await utimes(path, now, now).catch(() => undefined);
  }

  async setDefault(modelPath: string, key: string): Promise<void> {
    await replaceFile(join(await this.#folderOf(modelPath), "default.txt"), key);
  }

  async defaultKey(modelPath: string): Promise<string | null> {
    const path = join(await this.#folderOf(modelPath), "default.txt");
    return readFile(path, "utf8").catch(() => null);
  }

  async exported(modelPath: string): Promise<ExportedPrefix[]> {
    const folder = await this.#exportsOf(modelPath);
    const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith(".json"));
    const found = await Promise.all(names.map((name) => describeExport(folder, basename(name, ".json"))));
    return found.filter((each) => each !== null).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async export(modelPath: string, name: string, key: string): Promise<ExportedPrefix> {
    assertFileName(name);
    const saved = await this.get(modelPath, key);
    if (!saved) throw unknownKey(key);
    if (saved.statePath === null) throw new AppError("conflict", `The prompt cache '${key}' is empty`);
    const folder = await this.#exportsOf(modelPath);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const temporary = join(folder, `${newHexId()}.tmp`);
    await copyFile(saved.statePath, temporary);
    await rename(temporary, join(folder, `${name}.state`));
    const { tokens, release } = saved;
    const label: Label = { key, tokens, release, createdAtMs: this.#options.now(), expiresAtMs: null };
    await replaceFile(join(folder, `${name}.json`), JSON.stringify(label));
    return { name, tokens: tokens.length, bytes: saved.bytes, createdAtMs: label.createdAtMs };
  }

  async import(modelPath: string, name: string, key: string, ttlMs: number | null): Promise<CachedPrefix> {
    assertFileName(name);
    const folder = await this.#exportsOf(modelPath);
    const label = await readLabel(join(folder, `${name}.json`));
    if (!label) throw new AppError("not_found", `There is no saved prompt cache '${name}' of this model`);
    const { tokens, release } = label;
    return this.put(modelPath, { key, tokens, release, ttlMs }, (path) =>
      copyFile(join(folder, `${name}.state`), path),
    );
  }

  /** A state belongs to the very weights that made it. */
  async #folderOf(modelPath: string): Promise<string> {
    return join(this.#options.folder, await modelFolder(modelPath));
  }

  async #exportsOf(modelPath: string): Promise<string> {
    return join(this.#options.exportFolder, await modelFolder(modelPath));
  }

  /** Read again when the folder has changed, whoever changed it. */
  async #labels(folder: string): Promise<Map<string, Label>> {
    const { mtimeMs } = (await stat(folder).catch(() => null)) ?? { mtimeMs: -1 };
    if (mtimeMs < 0) return new Map();
    const known = this.#read.get(folder);
    if (known?.mtimeMs === mtimeMs) return known.labels;
    const names = (await readdir(folder)).filter((name) => name.endsWith(".json"));
    const labels = new Map<string, Label>();
    for (const name of names) {
      const label = await readLabel(join(folder, name));
      if (label) labels.set(label.key, label);
    }
    this.#read.set(folder, { mtimeMs, labels });
    return labels;
  }

  async #saved(folder: string, label: Label): Promise<SavedPrefix | null> {
    if (label.tokens.length === 0) {
      return { ...label, statePath: null, bytes: 0, lastUsedAtMs: label.createdAtMs };
    }
    const path = statePath(folder, label.key);
    const found = await stat(path).catch(() => null);
    return found && { ...label, statePath: path, bytes: found.size, lastUsedAtMs: found.mtimeMs };
  }

  async #writeLabel(folder: string, label: Label): Promise<void> {
    await replaceFile(join(folder, `${nameOf(label.key)}.json`), JSON.stringify(label));
    this.#read.delete(folder);
  }

  async #remove(folder: string, key: string): Promise<void> {
    await rm(join(folder, `${nameOf(key)}.json`), { force: true });
    await rm(statePath(folder, key), { force: true });
    this.#read.delete(folder);
  }

  /** The newest stays, unless it alone is too large. */
  async #makeRoom(newest: string): Promise<void> {
    const { folder, maxBytes } = this.#options;
    const states: { path: string; bytes: number; usedMs: number }[] = [];
    for (const name of await readdir(folder, { recursive: true })) {
      if (!name.endsWith(".state")) continue;
      const path = join(folder, name);
      const found = await stat(path).catch(() => null);
      if (found)
        states.push({ path, bytes: found.size, usedMs: path === newest ? Number.POSITIVE_INFINITY : found.mtimeMs });
    }
    let total = states.reduce((sum, { bytes }) => sum + bytes, 0);
    for (const { path, bytes } of states.sort((a, b) => a.usedMs - b.usedMs)) {
      if (total <= maxBytes) return;
      await rm(path.replace(/\.state$/, ".json"), { force: true });
      await rm(path, { force: true });
      this.#read.clear();
      total -= bytes;
    }
  }
}

function describe(saved: SavedPrefix, defaultKey: string | null): CachedPrefix {
  const { key, tokens, bytes, createdAtMs, lastUsedAtMs, expiresAtMs } = saved;
  return { key, tokens: tokens.length, bytes, createdAtMs, lastUsedAtMs, expiresAtMs, isDefault: key === defaultKey };
}

async function describeExport(folder: string, name: string): Promise<ExportedPrefix | null> {
  const label = await readLabel(join(folder, `${name}.json`));
  const state = await stat(join(folder, `${name}.state`)).catch(() => null);
  return label && state && { name, tokens: label.tokens.length, bytes: state.size, createdAtMs: label.createdAtMs };
}

async function modelFolder(modelPath: string): Promise<string> {
  const found = await stat(modelPath);
  const identity = `${modelPath}\n${found.size}\n${Math.round(found.mtimeMs)}`;
  const hash = createHash("sha256").update(identity).digest("hex").slice(0, 16);
  return `${basename(modelPath, ".gguf")
    .replaceAll(/[^A-Za-z0-9._-]/g, "_")
    .slice(0, 60)}-${hash}`;
}

/** Keys come from outside and may hold anything; their hash is a file name. */
function nameOf(key: string): string {
  return createHash("sha256").update(key).digest("hex").slice(0, 32);
}

function statePath(folder: string, key: string): string {
  return join(folder, `${nameOf(key)}.state`);
}

async function replaceFile(path: string, text: string): Promise<void> {
  await mkdir(join(path, ".."), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${newHexId()}.tmp`;
  await writeFile(temporary, text);
  await rename(temporary, path);
}

async function readLabel(path: string): Promise<Label | null> {
  try {
    const label: unknown = JSON.parse(await readFile(path, "utf8"));
    return isObject(label) && Array.isArray(label["tokens"]) && typeof label["key"] === "string"
      ? (label as unknown as Label)
      : null;
  } catch {
    return null;
  }
}

function assertKey(key: string): void {
  if (key.trim() === "" || key.length > maxKeyChars) {
    throw new AppError("invalid_request", `The key of a prompt cache has 1 to ${maxKeyChars} characters`);
  }
}

function assertFileName(name: string): void {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(name)) return;
  throw new AppError(
    "invalid_request",
    `'${name.slice(0, 100)}' is no name: letters, digits, '.', '_' and '-', at most 100`,
  );
}

function unknownKey(key: string): AppError {
  return new AppError("not_found", `There is no prompt cache '${key.slice(0, 200)}' of this model`);
}
