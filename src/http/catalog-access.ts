import type { Resolved } from "#bundles/registry.ts";
import { resolveReference } from "#bundles/resolve.ts";
import { type CatalogCaller, type CatalogEntry, assertRunnable, denied, isAllowed } from "#bundles/workflow-catalog.ts";
import { isDraftVersion } from "#bundles/versions.ts";
import { type Principal, isAdmin } from "#auth/principal.ts";
import { AppError } from "#core/errors.ts";
import type { Services } from "#http/services.ts";
import { shownText } from "#http/validation.ts";

const catalogScopes = new Set(["tenant_catalog", "catalog", "tenant", "tenant-catalog"]);

/** AppErrors `invalid_request` for a scope that there is not, `unsupported` for the reference's other one. */
export function assertCatalogScope(scope: string | null | undefined, field = "scope"): void {
  if (scope === null || scope === undefined || scope === "" || catalogScopes.has(scope)) return;
  if (scope === "framework_catalog") throw new AppError("unsupported", "There is no framework_catalog here");
  throw new AppError("invalid_request", `${field} must be 'tenant_catalog', not '${shownText(scope)}'`);
}

export function catalogCaller({ tenant_id, user_id, roles }: Principal): CatalogCaller {
  return { tenantId: tenant_id, userId: user_id, roles };
}

/** The tenant that a request means. AppError `forbidden` for another one, unless an administrator asks. */
export function catalogTenant(principal: Principal, given: string | null | undefined): string {
  const tenant = given || principal.tenant_id;
  if (tenant === principal.tenant_id || isAdmin(principal)) return tenant;
  throw new AppError("forbidden", "The catalog of another tenant is not open to this user");
}

/** A record as the caller sees it (contract http-api 1.13). */
export function catalogRecord({ catalog }: Pick<Services, "catalog">, entry: CatalogEntry, principal: Principal) {
  const defaultVersion = catalog.defaultVersion(entry.tenant_id, entry.bundle_id);
  const isOpen = isAllowed(entry, catalogCaller(principal));
  return {
    scope: "tenant_catalog",
    ...entry,
    bundle_ref: `${entry.bundle_id}@${entry.bundle_version}`,
    visibility: "tenant",
    run_policy: { run_as: "caller" },
    is_default: defaultVersion === entry.bundle_version,
    default_version: defaultVersion,
    actions: {
      can_run: isOpen && entry.status === "published",
      can_inspect: isOpen || isAdmin(principal),
      can_admin: isAdmin(principal),
    },
  };
}

/** AppError `forbidden` for somebody who may not look into it. */
export function assertInspectable(entry: CatalogEntry, principal: Principal): void {
  if (!isAllowed(entry, catalogCaller(principal)) && !isAdmin(principal)) throw denied(entry);
}

export interface WantedFlow {
  registry_scope?: string | null | undefined;
  bundle_id?: string | null | undefined;
  bundle_version?: string | null | undefined;
  flow_id?: string | null | undefined;
}

/** What a start or a schedule means: a flow of the caller's bundles, or one of their tenant's catalog. */
export async function resolveTarget(services: Services, wanted: WantedFlow, caller: Principal): Promise<Resolved> {
  const { registry_scope: scope, bundle_id, bundle_version, flow_id } = wanted;
  const request = { bundleId: bundle_id ?? null, bundleVersion: bundle_version ?? null, flowId: flow_id ?? null };
  if (scope === null || scope === undefined || scope === "" || scope === "private") {
    return services.bundles.resolve(request);
  }
  if (!catalogScopes.has(scope) && scope !== "framework_catalog") {
    const message = `registry_scope must be 'private' or 'tenant_catalog', not '${shownText(scope)}'`;
    throw new AppError("invalid_request", message);
  }
  assertCatalogScope(scope, "registry_scope");
  if (!request.bundleId) throw new AppError("invalid_request", "bundle_id is required for a flow of the catalog");
  const [bundleId = "", version = null] = request.bundleId.split(":", 1)[0]?.split("@") ?? [];
  const entry = services.catalog.require(caller.tenant_id, bundleId, request.bundleVersion ?? version);
  assertRunnable(entry, catalogCaller(caller));
  const installed = await catalogInstalled(services, entry);
  const find = (id: string) => (id === entry.bundle_id ? installed : null);
  return resolveReference({ list: () => [installed], find, isBuiltin: () => false }, request);
}

/** The content of a catalog's version, as of an installed bundle. AppError `gone`. */
export async function catalogInstalled({ bundles }: Services, entry: CatalogEntry) {
  const bundle = await bundles.open(entry.sha256);
  const { manifest, digest } = bundle;
  return { manifest, digest, bundle, isDraft: isDraftVersion(manifest.bundle_version), removable: false };
}
