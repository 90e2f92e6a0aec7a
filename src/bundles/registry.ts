import type { Bundle, Entrypoint, Manifest } from "#core/bundle.ts";

/** The installed bundles. Reads are from memory; `reload` looks at the folder again. Implemented by `bundles/folder-registry.ts`. */
export interface BundleRegistry {
  /** All versions of all bundles, drafts included, sorted by id and version. */
  list(): InstalledBundle[];
  /** One version; without a version the latest (contract 1.6, 1.7: drafts only when there is nothing else). Null when unknown. */
  find(bundleId: string, version?: string): InstalledBundle | null;
  /** The content that a digest names, also of versions that were removed or overwritten meanwhile. AppError `gone` when it is nowhere. */
  open(digest: string): Promise<Bundle>;
  /**
   * Grammar of contract 1.6: `bundle[@version][:flow]` or the parts. Errors: `invalid_request` (missing or ambiguous, conflicting version),
   * `not_found`, `conflict` (deprecated).
   */
  resolve(request: ResolveRequest): Resolved;
  /** Reads, checks and installs an archive. AppError `invalid_request` with the reason (hostile, unsafe id, version exists), `too_large`. */
  install(archive: Uint8Array, options: { overwrite: boolean }): Promise<InstalledBundle>;
  /** Reads, checks and stores an archive by its digest, without installing it. AppErrors as of `install`. */
  keep(archive: Uint8Array): Promise<Bundle>;
  /** Removes one version, or all. Answers how many went. Runs under way keep their version. */
  remove(bundleId: string, version?: string): Promise<number>;
  /** The file or folder that carries a version; null for what is built in, or unknown. */
  fileOf(bundleId: string, version: string): string | null;
  reload(): Promise<{ bundleIds: string[]; skipped: { file: string; reason: string }[] }>;
  deprecate(bundleId: string, flowId: string | null, reason: string | null): Promise<Deprecation>;
  /** False when there was nothing to take back. */
  undeprecate(bundleId: string, flowId: string | null): Promise<boolean>;
  deprecation(bundleId: string, flowId: string): Deprecation | null;
  /** The latest version of a bundle by the rule of `find`, published ones only, and of all. */
  latest(bundleId: string): { published: string | null; any: string | null };
}

export interface InstalledBundle {
  manifest: Manifest;
  digest: string;
  isDraft: boolean;
  /** False for what is built into the executable. */
  removable: boolean;
  bundle: Bundle;
}

export interface ResolveRequest {
  bundleId?: string | null;
  bundleVersion?: string | null;
  flowId?: string | null;
}

export interface Resolved {
  installed: InstalledBundle;
  entrypoint: Entrypoint | null;
  flowId: string;
  /** `bundle@version:flow` */
  workflowId: string;
}

export interface Deprecation {
  deprecated_at: string;
  reason: string | null;
}
