import { mkdir, readFile, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Bundle } from "#core/bundle.ts";
import { AppError, messageOf } from "#core/errors.ts";
import { type Clock, isoTime } from "#core/time.ts";
import { Deprecations } from "#bundles/deprecations.ts";
import { writeDurably } from "#bundles/durable-file.ts";
import { packFiles } from "#bundles/pack.ts";
import { readBundle, readFolderFiles } from "#bundles/read-bundle.ts";
import type { BundleRegistry, Deprecation, InstalledBundle, ResolveRequest, Resolved } from "#bundles/registry.ts";
import { resolveReference } from "#bundles/resolve.ts";
import { isDraftVersion, newest } from "#bundles/versions.ts";

export interface FolderRegistryOptions {
  flowsDir: string;
  dataDir: string;
  /** Archives inside the executable. An installed bundle of the same id and version takes their place. */
  builtin: Uint8Array[];
  now: Clock;
}

interface Entry extends InstalledBundle {
  /** File or folder that it was read from; null for what is built in. */
  path: string | null;
}

export async function openFolderRegistry(options: FolderRegistryOptions): Promise<BundleRegistry> {
  const deprecations = await Deprecations.open(join(options.dataDir, "workflow_deprecations.json"));
  const registry = new FolderRegistry(options, deprecations);
  await registry.reload();
  return registry;
}

/** Bundles of a folder, all in memory; every archive ever seen is kept by its digest, so that a run can go on with the version it began with. */
class FolderRegistry implements BundleRegistry {
  #options: FolderRegistryOptions;
  #deprecations: Deprecations;
  #entries: Entry[] = [];
  #opened = new Map<string, Bundle>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: FolderRegistryOptions, deprecations: Deprecations) {
    this.#options = options;
    this.#deprecations = deprecations;
  }

  list(): InstalledBundle[] {
    return this.#entries;
  }

  find(bundleId: string, version?: string): InstalledBundle | null {
    const versions = this.#entries.filter((each) => each.manifest.bundle_id === bundleId);
    if (version === undefined) return newest(versions);
    return versions.find((each) => each.manifest.bundle_version === version) ?? null;
  }

  latest(bundleId: string): { published: string | null; any: string | null } {
    const versions = this.#entries.filter((each) => each.manifest.bundle_id === bundleId);
    const published = newest(versions.filter((each) => !each.isDraft));
    return {
      published: published?.manifest.bundle_version ?? null,
      any: newest(versions)?.manifest.bundle_version ?? null,
    };
  }

  async open(digest: string): Promise<Bundle> {
    const known = this.#entries.find((each) => each.digest === digest)?.bundle ?? this.#opened.get(digest);
    if (known) return known;
    if (!/^[0-9a-f]{64}$/.test(digest)) throw new AppError("gone", `'${digest}' is not the digest of a bundle`);
    let archive: Uint8Array;
    try {
      archive = await readFile(this.#keptPath(digest));
    } catch (error) {
      throw new AppError("gone", `The bundle ${digest.slice(0, 12)} is not there any more`, { cause: error });
    }
    const bundle = readBundle(archive);
    if (bundle.digest !== digest)
      throw new AppError("gone", `The kept copy of bundle ${digest.slice(0, 12)} is damaged`);
    this.#opened.set(digest, bundle);
    const oldest = this.#opened.keys().next().value;
    if (this.#opened.size > 64 && oldest !== undefined) this.#opened.delete(oldest);
    return bundle;
  }

  resolve(request: ResolveRequest): Resolved {
    return resolveReference(this, request);
  }

  install(archive: Uint8Array, { overwrite }: { overwrite: boolean }): Promise<InstalledBundle> {
    return this.#inTurn(async () => {
      const bundle = readBundle(archive);
      const { bundle_id, bundle_version } = bundle.manifest;
      const present = this.#entries.find((each) => isVersion(each, bundle_id, bundle_version) && each.path !== null);
      const name = `${bundle_id}@${bundle_version}.flow`;
      if (present && !overwrite) throw new AppError("invalid_request", `Bundle already installed: ${name}`);
      await this.#keep(bundle.digest, archive);
      const path = join(this.#options.flowsDir, name);
      await writeDurably(path, archive);
      if (present?.path && present.path !== path) await rm(present.path, { recursive: true, force: true });
      const entry = entryOf(bundle, path);
      this.#replace([...this.#entries.filter((each) => !isVersion(each, bundle_id, bundle_version)), entry]);
      return entry;
    });
  }

  remove(bundleId: string, version?: string): Promise<number> {
    return this.#inTurn(async () => {
      const leaving = this.#entries.filter(
        (each) => each.path !== null && isVersion(each, bundleId, version ?? each.manifest.bundle_version),
      );
      for (const each of leaving) if (each.path !== null) await rm(each.path, { recursive: true, force: true });
      if (leaving.length > 0) await this.#scan();
      return leaving.length;
    });
  }

  reload(): Promise<{ bundleIds: string[]; skipped: { file: string; reason: string }[] }> {
    return this.#inTurn(() => this.#scan());
  }

  async deprecate(bundleId: string, flowId: string | null, reason: string | null): Promise<Deprecation> {
    const deprecation = { deprecated_at: isoTime(this.#options.now()), reason };
    await this.#inTurn(() => this.#deprecations.add(bundleId, flowId ?? "*", deprecation));
    return deprecation;
  }

  undeprecate(bundleId: string, flowId: string | null): Promise<boolean> {
    return this.#inTurn(() => this.#deprecations.remove(bundleId, flowId));
  }

  deprecation(bundleId: string, flowId: string): Deprecation | null {
    return this.#deprecations.of(bundleId, flowId);
  }

  async #scan(): Promise<{ bundleIds: string[]; skipped: { file: string; reason: string }[] }> {
    const { flowsDir } = this.#options;
    const entries: Entry[] = [];
    const skipped: { file: string; reason: string }[] = [];
    await mkdir(flowsDir, { recursive: true });
    for (const name of (await readdir(flowsDir)).sort()) {
      try {
        const entry = await this.#readEntry(join(flowsDir, name), name);
        if (!entry) continue;
        const { bundle_id, bundle_version } = entry.manifest;
        if (entries.some((each) => isVersion(each, bundle_id, bundle_version))) {
          skipped.push({ file: name, reason: `${bundle_id}@${bundle_version} was read from another file already` });
        } else entries.push(entry);
      } catch (error) {
        skipped.push({ file: name, reason: messageOf(error) });
      }
    }
    for (const archive of this.#options.builtin) {
      const entry = entryOf(readBundle(archive), null);
      const { bundle_id, bundle_version } = entry.manifest;
      if (entries.some((each) => isVersion(each, bundle_id, bundle_version))) continue;
      await this.#keep(entry.digest, archive);
      entries.push(entry);
    }
    this.#replace(entries);
    return { bundleIds: [...new Set(entries.map((each) => each.manifest.bundle_id))], skipped };
  }

  async #readEntry(path: string, name: string): Promise<Entry | null> {
    const found = await stat(path);
    let archive: Uint8Array;
    if (found.isDirectory()) {
      const files = readFolderFiles(path);
      if (!files.has("manifest.json")) return null;
      archive = packFiles(files);
    } else if (name.endsWith(".flow")) archive = await readFile(path);
    else return null;
    const bundle = readBundle(archive);
    await this.#keep(bundle.digest, archive);
    return entryOf(bundle, path);
  }

  #replace(entries: Entry[]): void {
    const key = (each: Entry) => `${each.manifest.bundle_id}@${each.manifest.bundle_version}`;
    this.#entries = entries.sort((a, b) => (key(a) < key(b) ? -1 : 1));
  }

  async #keep(digest: string, archive: Uint8Array): Promise<void> {
    const path = this.#keptPath(digest);
    if (!(await Bun.file(path).exists())) await writeDurably(path, archive);
  }

  #keptPath(digest: string): string {
    return join(this.#options.dataDir, "bundles", `${digest}.flow`);
  }

  /** Changes of the folder happen one after the other. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }
}

function entryOf(bundle: Bundle, path: string | null): Entry {
  const { manifest, digest } = bundle;
  return { manifest, digest, bundle, path, isDraft: isDraftVersion(manifest.bundle_version), removable: path !== null };
}

function isVersion(entry: InstalledBundle, bundleId: string, version: string): boolean {
  return entry.manifest.bundle_id === bundleId && entry.manifest.bundle_version === version;
}
