import { Elysia } from "elysia";
import type { CatalogEntry } from "#bundles/workflow-catalog.ts";
import { isAllowed } from "#bundles/workflow-catalog.ts";
import { isAdmin } from "#auth/principal.ts";
import type { Access } from "#http/access.ts";
import { bundleFlow, flowInputSchema } from "#http/bundle-json.ts";
import {
  assertCatalogScope,
  assertInspectable,
  catalogCaller,
  catalogInstalled,
  catalogRecord,
  catalogTenant,
} from "#http/catalog-access.ts";
import { operation } from "#http/operation.ts";
import { readQuery } from "#http/query.ts";
import { type RouteContext, reply } from "#http/route-context.ts";
import {
  CatalogBundle,
  CatalogFlow,
  CatalogFlowQuery,
  CatalogList,
  CatalogQuery,
} from "#http/schemas/workflow-catalog.ts";

const base = "/api/gateway/workflow-catalog";
const bundlePath = { bundle_id: "Bundle of the catalog." };
const flowPath = { ...bundlePath, bundle_version: "Its version.", flow_id: "Flow of the bundle." };

/** Bundles that the users of a tenant share (contract http-api 1.13). */
export function workflowCatalogRoutes(context: RouteContext) {
  return new Elysia().use(listRoutes(context)).use(flowRoutes(context));
}

/** What the caller may see: administrators may ask for what is denied or inactive too. */
function visible(entries: CatalogEntry[], request: Request, access: Access): CatalogEntry[] {
  const query = readQuery(request.url, CatalogQuery);
  const principal = access.principal(request);
  const sees = isAdmin(principal);
  return entries.filter(
    (entry) =>
      (entry.status === "published" || (sees && query.include_inactive)) &&
      (isAllowed(entry, catalogCaller(principal)) || (sees && query.include_denied)),
  );
}

function listRoutes({ access }: RouteContext) {
  const asked = (request: Request) => {
    const { scope, tenant_id } = readQuery(request.url, CatalogQuery);
    assertCatalogScope(scope);
    const principal = access.principal(request);
    return { services: access.services(request), principal, tenantId: catalogTenant(principal, tenant_id) };
  };
  return new Elysia()
    .get(
      base,
      ({ request, set }) => {
        const { services, principal, tenantId } = asked(request);
        const entries = visible(services.catalog.list(tenantId), request, access);
        const items = entries.map((entry) => catalogRecord(services, entry, principal));
        return reply(set, { items, scope: "tenant_catalog", tenant_id: tenantId, count: items.length });
      },
      operation({
        id: "listCatalog",
        summary: "Bundles that the tenant shares",
        tag: "bundles",
        query: CatalogQuery,
        response: CatalogList,
        errors: [400, 501],
      }),
    )
    .get(
      `${base}/:bundle_id`,
      ({ params, request, set }) => {
        const { services, principal, tenantId } = asked(request);
        const all = services.catalog.list(tenantId).filter((entry) => entry.bundle_id === params.bundle_id);
        const entries = visible(all, request, access);
        // Without one that the caller may see, the bundle is not there.
        if (entries.length === 0) services.catalog.require(tenantId, "", params.bundle_id);
        const items = entries.map((entry) => catalogRecord(services, entry, principal));
        return reply(set, { items, scope: "tenant_catalog", tenant_id: tenantId, bundle_id: params.bundle_id });
      },
      operation({
        id: "readCatalogBundle",
        summary: "The versions of a shared bundle",
        tag: "bundles",
        path: bundlePath,
        query: CatalogQuery,
        response: CatalogBundle,
        errors: [400, 404, 501],
      }),
    );
}

function flowRoutes({ access }: RouteContext) {
  const found = async (request: Request, params: { bundle_id: string; bundle_version: string }) => {
    const { registry_scope, tenant_id } = readQuery(request.url, CatalogFlowQuery);
    assertCatalogScope(registry_scope, "registry_scope");
    const principal = access.principal(request);
    const services = access.services(request);
    const tenantId = catalogTenant(principal, tenant_id);
    const entry = services.catalog.require(tenantId, params.bundle_id, params.bundle_version);
    assertInspectable(entry, principal);
    const identity = { registry_scope: "tenant_catalog", tenant_id: tenantId };
    return { installed: await catalogInstalled(services, entry), identity };
  };
  const flow = `${base}/:bundle_id/versions/:bundle_version/flows/:flow_id`;
  return new Elysia()
    .get(
      flow,
      async ({ params, request, set }) => {
        const { installed, identity } = await found(request, params);
        return reply(set, { ...bundleFlow(installed, params.flow_id), ...identity });
      },
      operation({
        id: "readCatalogFlow",
        summary: "The document of a shared flow",
        tag: "bundles",
        path: flowPath,
        query: CatalogFlowQuery,
        response: CatalogFlow,
        errors: [400, 404, 501],
      }),
    )
    .get(
      `${flow}/input_schema`,
      async ({ params, request, set }) => {
        const { installed, identity } = await found(request, params);
        return reply(set, { ...flowInputSchema(installed, params.flow_id), ...identity });
      },
      operation({
        id: "readCatalogFlowInputSchema",
        summary: "What a shared flow wants to be started with",
        tag: "bundles",
        path: flowPath,
        query: CatalogFlowQuery,
        response: CatalogFlow,
        errors: [400, 404, 501],
      }),
    );
}
