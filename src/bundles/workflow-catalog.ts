import type { Manifest } from "#core/bundle.ts";
import { AppError } from "#core/errors.ts";
import { type Clock, isoTime } from "#core/time.ts";
import { compareText } from "#bundles/versions.ts";

/** Who may use a bundle of the catalog. A denied user may not, whatever else is said. */
export interface CatalogAcl {
  roles: string[];
  users: string[];
  deny_users: string[];
}

export type CatalogStatus = "published" | "deprecated" | "blocked" | "tombstoned";

/** One version of a bundle that the users of a tenant share. The version never changes what it is. */
export interface CatalogEntry {
  tenant_id: string;
  bundle_id: string;
  bundle_version: string;
  sha256: string;
  status: CatalogStatus;
  status_reason: string | null;
  acl: CatalogAcl;
  default_entrypoint: string | null;
  entrypoints: Manifest["entrypoints"];
  created_at: string;
  updated_at: string;
  published_at: string;
}

/** A JSON document that every process of the data folder reads. */
export interface CatalogDocument {
  read(): unknown;
  write(value: unknown): Promise<void>;
}

export interface CatalogCaller {
  tenantId: string;
  userId: string;
  roles: readonly string[];
}

interface VersionName {
  tenantId: string;
  bundleId: string;
  version: string;
}

interface Content {
  entries: CatalogEntry[];
  /** Versions that are used where none is named, by `tenant/bundle`. */
  defaults: Record<string, string>;
}

/** Bundles that an administrator gives to the users of a tenant; the archives lie with all others, by their digest. */
export class WorkflowCatalog {
  #file: CatalogDocument;
  #now: Clock;
  #writing: Promise<unknown> = Promise.resolve();

  constructor(file: CatalogDocument, now: Clock) {
    this.#file = file;
    this.#now = now;
  }

  /** Of a tenant, by bundle and version. */
  list(tenantId: string): CatalogEntry[] {
    const own = this.#read().entries.filter((entry) => entry.tenant_id === tenantId);
    return own.sort((a, b) => compareText(a.bundle_id, b.bundle_id) || compareText(a.bundle_version, b.bundle_version));
  }

  defaultVersion(tenantId: string, bundleId: string): string | null {
    return this.#read().defaults[keyOf(tenantId, bundleId)] ?? null;
  }

  /** Without a version the default one. AppError `not_found`. */
  require(tenantId: string, bundleId: string, version: string | null): CatalogEntry {
    const wanted = version ?? this.defaultVersion(tenantId, bundleId);
    const found = this.list(tenantId).find((each) => each.bundle_id === bundleId && each.bundle_version === wanted);
    if (!found) throw notFound(bundleId, version);
    return found;
  }

  /** AppError `conflict` for a version that is there with another content, or was removed. */
  publish(
    tenantId: string,
    { manifest, sha256 }: { manifest: Manifest; sha256: string },
    options: { acl: CatalogAcl; makeDefault: boolean },
  ): Promise<CatalogEntry> {
    return this.#change((content) => {
      const { bundle_id, bundle_version, entrypoints, default_entrypoint } = manifest;
      const at = isoTime(this.#now());
      const known = content.entries.find((each) =>
        isVersion(each, { tenantId, bundleId: bundle_id, version: bundle_version }),
      );
      const ref = `${bundle_id}@${bundle_version}`;
      if (known && known.sha256 !== sha256)
        throw new AppError("conflict", `'${ref}' is in the catalog with another content`);
      if (known && known.status === "tombstoned")
        throw new AppError("conflict", `'${ref}' was removed from the catalog`);
      const entry: CatalogEntry = {
        tenant_id: tenantId,
        bundle_id,
        bundle_version,
        sha256,
        status: "published",
        status_reason: null,
        acl: options.acl,
        default_entrypoint,
        entrypoints,
        created_at: known?.created_at ?? at,
        updated_at: at,
        published_at: at,
      };
      content.entries = [...content.entries.filter((each) => each !== known), entry];
      const key = keyOf(tenantId, bundle_id);
      if (options.makeDefault || content.defaults[key] === undefined) content.defaults[key] = bundle_version;
      return entry;
    });
  }

  /** AppErrors `not_found`, and `conflict` for a version that cannot be started. */
  setDefault(name: VersionName): Promise<CatalogEntry> {
    return this.#change((content) => {
      const entry = requireIn(content, name);
      if (entry.status !== "published") throw notPublished(entry);
      content.defaults[keyOf(name.tenantId, name.bundleId)] = name.version;
      return entry;
    });
  }

  setAcl(name: VersionName, acl: CatalogAcl): Promise<CatalogEntry> {
    return this.#change((content) => this.#replace(content, requireIn(content, name), { acl }));
  }

  /** AppErrors `not_found`, and `conflict`: what was removed stays removed. */
  setStatus(name: VersionName, status: CatalogStatus, reason: string | null): Promise<CatalogEntry> {
    return this.#change((content) => {
      const before = requireIn(content, name);
      if (before.status === "tombstoned") throw notPublished(before);
      return this.#replace(content, before, { status, status_reason: reason });
    });
  }

  #replace(content: Content, before: CatalogEntry, change: Partial<CatalogEntry>): CatalogEntry {
    const next = { ...before, ...change, updated_at: isoTime(this.#now()) };
    content.entries = content.entries.map((each) => (each === before ? next : each));
    return next;
  }

  #read(): Content {
    const value = this.#file.read() as Partial<Content> | null;
    return { entries: [...(value?.entries ?? [])], defaults: { ...value?.defaults } };
  }

  /** One change after the other, each from what is on disk. */
  #change<T>(work: (content: Content) => T): Promise<T> {
    const done = this.#writing.then(async () => {
      const content = this.#read();
      const result = work(content);
      await this.#file.write({ version: 1, ...content });
      return result;
    });
    this.#writing = done.catch(() => undefined);
    return done;
  }
}

/** Whether the access list lets somebody use it. */
export function isAllowed({ acl }: CatalogEntry, { userId, roles }: CatalogCaller): boolean {
  if (acl.deny_users.includes(userId)) return false;
  return acl.users.includes(userId) || acl.roles.some((role) => roles.includes(role));
}

/** AppErrors `forbidden` and `conflict`: why somebody may not start it. */
export function assertRunnable(entry: CatalogEntry, caller: CatalogCaller): void {
  if (!isAllowed(entry, caller)) throw denied(entry);
  if (entry.status !== "published") throw notPublished(entry);
}

export function denied({ bundle_id, bundle_version }: CatalogEntry): AppError {
  return new AppError("forbidden", `The catalog does not allow '${bundle_id}@${bundle_version}' to this user`);
}

function notPublished({ bundle_id, bundle_version, status, status_reason }: CatalogEntry): AppError {
  const why = status_reason === null ? "" : `: ${status_reason}`;
  return new AppError("conflict", `'${bundle_id}@${bundle_version}' of the catalog is ${status}${why}`);
}

function notFound(bundleId: string, version: string | null): AppError {
  const name = version === null ? bundleId : `${bundleId}@${version}`;
  return new AppError("not_found", `'${name.slice(0, 200)}' is not in the catalog`);
}

function requireIn(content: Content, name: VersionName): CatalogEntry {
  const found = content.entries.find((each) => isVersion(each, name));
  if (!found) throw notFound(name.bundleId, name.version);
  return found;
}

function isVersion(entry: CatalogEntry, { tenantId, bundleId, version }: VersionName): boolean {
  return entry.tenant_id === tenantId && entry.bundle_id === bundleId && entry.bundle_version === version;
}

function keyOf(tenantId: string, bundleId: string): string {
  return `${tenantId}/${bundleId}`;
}
