import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Bundle } from "#core/bundle.ts";
import { AppError, messageOf } from "#core/errors.ts";
import { type Clock, isoTime } from "#core/time.ts";
import { type ArchiveLimits, defaultArchiveLimits } from "#bundles/archive-limits.ts";
import { type ArchiveStore, createArchiveStore } from "#bundles/archive-store.ts";
import { type Deprecations, createDeprecations } from "#bundles/deprecations.ts";
import { digestOf, readBundle } from "#bundles/read-bundle.ts";
import type { BundleRegistry, Deprecation, InstalledBundle, ResolveRequest, Resolved } from "#bundles/registry.ts";
import { refOf, resolveReference } from "#bundles/resolve.ts";
import { type FoundArchive, type Skipped, scanFolder } from "#bundles/scan-folder.ts";
import { compareText, isDraftVersion, latestOf } from "#bundles/versions.ts";
import { removeDurably, storageError, writeDurably } from "#bundles/durable-file.ts";

export interface FolderRegistryOptions {
  /** Folder of installed bundles; made when missing. */
  flowsDir: string;
  /** `bundles/<digest>.flow` and `workflow_deprecations.json` lie in it. */
  dataDir: string;
  /** Elsewhere, where several registries share the archives. */
  deprecationsFile?: string;
  /** Archives that are always there unless the folder has the same version. */
  builtin: Uint8Array[];
  now: Clock;
  limits?: Partial<ArchiveLimits>;
  /** How many bundles that are not installed any more stay opened. Default 64. */
  maxOpenBundles?: number;
  /** Told one sentence per file that was skipped while opening. */
  report?: (message: string) => void;
}

/** An installed bundle and the files that carry it: the first one counts, copies under other names are shadowed by it. */
interface Shelved {
  installed: InstalledBundle;
  files: { path: string; isFolder: boolean }[];
}

/** Opens the registry over a folder. AppError `storage` when the folders cannot be used. */
export async function openFolderRegistry(options: FolderRegistryOptions): Promise<BundleRegistry> {
  await mkdir(options.flowsDir, { recursive: true }).catch((cause: unknown) => {
    throw storageError(`use the folder ${options.flowsDir}`, cause);
  });
  const registry = new FolderRegistry(options);
  const { skipped } = await registry.reload();
  for (const { file, reason } of skipped) options.report?.(`${file} was skipped: ${reason}`);
  return registry;
}

class FolderRegistry implements BundleRegistry {
  #options: FolderRegistryOptions;
  #limits: ArchiveLimits;
  #store: ArchiveStore;
  #deprecations: Deprecations;
  /** By `id@version`, in the order of `list`. Replaced as a whole, never changed. */
  #shelf: ReadonlyMap<string, Shelved> = new Map();
  #list: InstalledBundle[] = [];
  #byDigest = new Map<string, InstalledBundle>();
  /** Changes run one after the other. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: FolderRegistryOptions) {
    this.#options = options;
    this.#limits = { ...defaultArchiveLimits, ...options.limits };
    this.#store = createArchiveStore({
      folder: join(options.dataDir, "bundles"),
      limits: this.#limits,
      maxOpen: options.maxOpenBundles ?? 64,
    });
    this.#deprecations = createDeprecations(
      options.deprecationsFile ?? join(options.dataDir, "workflow_deprecations.json"),
    );
  }

  list(): InstalledBundle[] {
    return [...this.#list];
  }

  find(bundleId: string, version?: string): InstalledBundle | null {
    if (version !== undefined) return this.#shelf.get(`${bundleId}@${version}`)?.installed ?? null;
    const versions = this.#versions(bundleId);
    const published = versions.filter((each) => !each.isDraft);
    return latestOf(published.length > 0 ? published : versions);
  }

  latest(bundleId: string): { published: string | null; any: string | null } {
    const versions = this.#versions(bundleId);
    return {
      published: latestOf(versions.filter((each) => !each.isDraft))?.manifest.bundle_version ?? null,
      any: latestOf(versions)?.manifest.bundle_version ?? null,
    };
  }

  async open(digest: string): ReturnType<BundleRegistry["open"]> {
    return this.#byDigest.get(digest)?.bundle ?? this.#store.open(digest);
  }

  resolve(request: ResolveRequest): Resolved {
    const resolved = resolveReference(
      {
        list: () => this.#list,
        find: (bundleId, version) => this.find(bundleId, version),
        isBuiltin: (installed) => this.#shelf.get(refOf(installed))?.files.length === 0,
      },
      request,
    );
    const deprecation = this.deprecation(resolved.installed.manifest.bundle_id, resolved.flowId);
    if (!deprecation) return resolved;
    const reason = deprecation.reason === null ? "" : `: ${deprecation.reason}`;
    throw new AppError("conflict", `Workflow '${resolved.workflowId}' is deprecated${reason}`);
  }

  install(archive: Uint8Array, { overwrite }: { overwrite: boolean }): Promise<InstalledBundle> {
    return this.#serialised(async () => {
      const installed = toInstalled(readBundle(archive, { limits: this.#limits }), true);
      const ref = refOf(installed);
      const known = this.#shelf.get(ref);
      if (known && !overwrite) throw new AppError("invalid_request", `Bundle already installed: ${ref}`);
      const folder = known?.files.find((file) => file.isFolder);
      if (folder)
        throw new AppError("invalid_request", `Bundle '${ref}' is the folder ${folder.path}: it is changed there`);
      const path = join(this.#options.flowsDir, `${ref}.flow`);
      await this.#store.put(installed.digest, archive);
      await writeDurably(path, archive);
      // The same version under another file name would come back with the next reload.
      for (const file of known?.files ?? []) if (file.path !== path) await removeDurably(file.path);
      this.#place(new Map(this.#shelf).set(ref, { installed, files: [{ path, isFolder: false }] }));
      return installed;
    });
  }

  keep(archive: Uint8Array): Promise<Bundle> {
    return this.#serialised(async () => {
      const bundle = readBundle(archive, { limits: this.#limits });
      await this.#store.put(bundle.digest, archive);
      return bundle;
    });
  }

  remove(bundleId: string, version?: string): Promise<number> {
    return this.#serialised(async () => {
      const named = [...this.#shelf.values()].filter(
        ({ installed: { manifest } }) =>
          manifest.bundle_id === bundleId && (version === undefined || manifest.bundle_version === version),
      );
      const removable = named.filter(({ installed }) => installed.removable);
      if (named.length > 0 && removable.length === 0) throw notRemovable(named);
      for (const { files } of removable) for (const { path } of files) await removeDurably(path);
      if (removable.length > 0) await this.#scan();
      return removable.length;
    });
  }

  fileOf(bundleId: string, version: string): string | null {
    return this.#shelf.get(`${bundleId}@${version}`)?.files[0]?.path ?? null;
  }

  reload(): ReturnType<BundleRegistry["reload"]> {
    return this.#serialised(async () => {
      const skipped = await this.#scan();
      const problem = await this.#deprecations.reload();
      if (problem !== null) skipped.push({ file: "workflow_deprecations.json", reason: problem });
      return { bundleIds: [...new Set(this.#list.map((each) => each.manifest.bundle_id))], skipped };
    });
  }

  deprecate(bundleId: string, flowId: string | null, reason: string | null): Promise<Deprecation> {
    return this.#serialised(async () => {
      const versions = this.#versions(bundleId);
      if (versions.length === 0) throw new AppError("not_found", `Bundle '${bundleId}' not found`);
      const isKnown = versions.some(({ manifest }) => manifest.entrypoints.some((each) => each.flow_id === flowId));
      if (flowId !== null && !isKnown) {
        throw new AppError("not_found", `Bundle '${bundleId}' has no entrypoint '${flowId}'`);
      }
      const deprecation = { deprecated_at: isoTime(this.#options.now()), reason: reason || null };
      await this.#deprecations.set(bundleId, flowId, deprecation);
      return deprecation;
    });
  }

  undeprecate(bundleId: string, flowId: string | null): Promise<boolean> {
    return this.#serialised(() => this.#deprecations.delete(bundleId, flowId));
  }

  deprecation(bundleId: string, flowId: string): Deprecation | null {
    return this.#deprecations.get(bundleId, flowId);
  }

  #versions(bundleId: string): InstalledBundle[] {
    return this.#list.filter((each) => each.manifest.bundle_id === bundleId);
  }

  #serialised<T>(change: () => Promise<T>): Promise<T> {
    const next = this.#last.then(change, change);
    this.#last = next.catch(() => undefined);
    return next;
  }

  async #scan(): Promise<Skipped[]> {
    const skipped: Skipped[] = [];
    const shelf = new Map<string, Shelved>();
    for await (const found of scanFolder(this.#options.flowsDir, this.#limits)) {
      if ("reason" in found) skipped.push(found);
      else await this.#shelve(shelf, found, skipped);
    }
    for (const archive of this.#options.builtin) {
      const installed = await this.#read(archive, { removable: false });
      if (!shelf.has(refOf(installed))) shelf.set(refOf(installed), { installed, files: [] });
    }
    this.#place(shelf);
    return skipped;
  }

  /** A file that cannot be read must not disable the others. */
  async #shelve(shelf: Map<string, Shelved>, found: FoundArchive, skipped: Skipped[]): Promise<void> {
    const { file, path, isFolder, archive } = found;
    let installed: InstalledBundle;
    try {
      // A folder is somebody's work; it is not deleted over HTTP.
      installed = await this.#read(archive, { removable: !isFolder });
    } catch (error) {
      skipped.push({ file, reason: messageOf(error) });
      return;
    }
    const known = shelf.get(refOf(installed));
    if (!known) {
      shelf.set(refOf(installed), { installed, files: [{ path, isFolder }] });
      return;
    }
    if (!isFolder) known.files.push({ path, isFolder });
    skipped.push({ file, reason: `${refOf(installed)} is already there under another file name` });
  }

  /** An archive that is stored was checked when it was stored, so that a start does not inflate every asset again. */
  async #read(archive: Uint8Array, { removable }: { removable: boolean }): Promise<InstalledBundle> {
    const digest = digestOf(archive);
    const known = this.#byDigest.get(digest);
    if (known) return { ...known, removable };
    const isStored = await this.#store.has(digest, archive.length);
    const bundle = readBundle(archive, { limits: this.#limits, completely: !isStored });
    if (!isStored) await this.#store.put(digest, archive);
    return toInstalled(bundle, removable);
  }

  #place(shelf: Map<string, Shelved>): void {
    const sorted = [...shelf].sort(([, a], [, b]) => compareBundles(a.installed, b.installed));
    this.#shelf = new Map(sorted);
    this.#list = sorted.map(([, { installed }]) => installed);
    this.#byDigest = new Map(this.#list.map((installed) => [installed.digest, installed]));
  }
}

function toInstalled(bundle: Bundle, removable: boolean): InstalledBundle {
  const { manifest, digest } = bundle;
  return { manifest, digest, isDraft: isDraftVersion(manifest.bundle_version), removable, bundle };
}

function compareBundles({ manifest: a }: InstalledBundle, { manifest: b }: InstalledBundle): number {
  return compareText(a.bundle_id, b.bundle_id) || compareText(a.bundle_version, b.bundle_version);
}

function notRemovable(named: Shelved[]): AppError {
  const [{ installed, files } = { installed: null, files: [] }] = named;
  const ref = installed ? refOf(installed) : "";
  const [folder] = files;
  return new AppError(
    "invalid_request",
    folder
      ? `Bundle '${ref}' is the folder ${folder.path}: it is removed there`
      : `Bundle '${ref}' is built in and cannot be removed`,
  );
}
