import { Elysia } from "elysia";
import type { CatalogAcl as Acl, CatalogEntry } from "#bundles/workflow-catalog.ts";
import { AppError } from "#core/errors.ts";
import type { Access } from "#http/access.ts";
import { readJsonBody } from "#http/body.ts";
import { findBundle } from "#http/bundle-json.ts";
import { assertCatalogScope, catalogRecord, catalogTenant } from "#http/catalog-access.ts";
import { operation } from "#http/operation.ts";
import { readQuery } from "#http/query.ts";
import { type RouteContext, reply } from "#http/route-context.ts";
import {
  CatalogAcl,
  CatalogChanged,
  CatalogTenantQuery,
  CatalogUploadForm,
  PromoteRequest,
  StatusRequest,
} from "#http/schemas/workflow-catalog.ts";
import { UploadForm } from "#http/upload-form.ts";
import { bodyCheck } from "#http/validation.ts";

const promoteBody = bodyCheck(PromoteRequest);
const aclBody = bodyCheck(CatalogAcl);
const statusBody = bodyCheck(StatusRequest);
const base = "/api/gateway/admin/workflow-catalog";
const version = `${base}/:bundle_id/versions/:bundle_version`;
const path = { bundle_id: "Bundle of the catalog.", bundle_version: "Its version." };
const everybody: Acl = { roles: ["user", "admin"], users: [], deny_users: [] };

/** What a tenant's users share, in an administrator's hand (contract http-api 1.13). */
export function adminCatalogRoutes(context: RouteContext) {
  return new Elysia()
    .use(uploadRoute(context))
    .use(promoteRoute(context))
    .use(versionRoutes(context))
    .use(statusRoutes(context));
}

async function bodyOf(access: Access, request: Request): Promise<unknown> {
  return (await readJsonBody(request, access.bodyLimitBytes(request), { floats: false })).value;
}

function answer(access: Access, request: Request, entry: CatalogEntry) {
  return { ok: true, record: catalogRecord(access.services(request), entry, access.principal(request)) };
}

/** An archive is known at once: there is nothing that a reload could add or break. */
const reload = { ok: true };

function uploadRoute({ access }: RouteContext) {
  return new Elysia().post(
    `${base}/upload`,
    async ({ request, set }) => {
      const form = await UploadForm.read(request, access.bodyLimitBytes(request));
      assertCatalogScope(form.text("scope"));
      const { bundles, catalog, settings } = access.services(request);
      const file = form.file("file");
      const { maxBundleBytes } = settings.limits;
      if (file.size > maxBundleBytes) {
        throw new AppError("too_large", `Bundle too large (${file.size} bytes > ${maxBundleBytes} bytes)`);
      }
      const acl = {
        roles: namesOf(form.text("roles") ?? "user,admin"),
        users: namesOf(form.text("users") ?? ""),
        deny_users: namesOf(form.text("deny_users") ?? ""),
      };
      const tenantId = catalogTenant(access.principal(request), form.text("tenant_id"));
      const options = { acl, makeDefault: form.flag("make_default", true) };
      const { manifest, digest } = await bundles.keep(new Uint8Array(await file.arrayBuffer()));
      const entry = await catalog.publish(tenantId, { manifest, sha256: digest }, options);
      return reply(set, { ...answer(access, request, entry), reload });
    },
    operation({
      id: "uploadToCatalog",
      summary: "Share an archive with a tenant's users",
      tag: "bundles",
      form: CatalogUploadForm,
      response: CatalogChanged,
      errors: [400, 409, 413, 501],
    }),
  );
}

function namesOf(text: string): string[] {
  return text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}

function promoteRoute({ access }: RouteContext) {
  return new Elysia().post(
    `${base}/promote`,
    async ({ request, set }) => {
      const body = promoteBody.check(await bodyOf(access, request));
      assertCatalogScope(body.scope);
      const { bundles, catalog } = access.services(request);
      const { manifest, digest, isDraft } = findBundle(bundles, body.bundle_id, body.bundle_version ?? undefined);
      if (isDraft) throw new AppError("conflict", `A draft cannot be shared: '${manifest.bundle_version}'`);
      const tenantId = catalogTenant(access.principal(request), body.tenant_id);
      const options = { acl: { ...everybody, ...body.acl }, makeDefault: body.make_default };
      const entry = await catalog.publish(tenantId, { manifest, sha256: digest }, options);
      return reply(set, { ...answer(access, request, entry), reload });
    },
    operation({
      id: "promoteToCatalog",
      summary: "Share one of one's bundles with a tenant's users",
      tag: "bundles",
      body: PromoteRequest,
      response: CatalogChanged,
      errors: [400, 404, 409, 413, 501],
    }),
  );
}

type VersionParams = Record<keyof typeof path, string>;

function nameOf(access: Access, request: Request, params: VersionParams) {
  const { scope, tenant_id } = readQuery(request.url, CatalogTenantQuery);
  assertCatalogScope(scope);
  const tenantId = catalogTenant(access.principal(request), tenant_id);
  return { tenantId, bundleId: params.bundle_id, version: params.bundle_version };
}

const shared = { tag: "bundles", path, query: CatalogTenantQuery, response: CatalogChanged } as const;

function versionRoutes({ access }: RouteContext) {
  return new Elysia()
    .post(
      `${version}/default`,
      async ({ params, request, set }) => {
        const entry = await access.services(request).catalog.setDefault(nameOf(access, request, params));
        return reply(set, answer(access, request, entry));
      },
      operation({
        ...shared,
        id: "setCatalogDefault",
        summary: "Use a version where none is named",
        errors: [400, 404, 409],
      }),
    )
    .put(
      `${version}/acl`,
      async ({ params, request, set }) => {
        const acl = aclBody.check(await bodyOf(access, request));
        const entry = await access.services(request).catalog.setAcl(nameOf(access, request, params), acl);
        return reply(set, answer(access, request, entry));
      },
      operation({
        ...shared,
        id: "setCatalogAcl",
        summary: "Say who may use a version",
        body: CatalogAcl,
        errors: [400, 404, 413],
      }),
    )
    .delete(
      version,
      async ({ params, request, set }) => {
        const { catalog } = access.services(request);
        const entry = await catalog.setStatus(nameOf(access, request, params), "tombstoned", null);
        return reply(set, { ...answer(access, request, entry), deleted_bytes: false });
      },
      operation({
        ...shared,
        id: "removeFromCatalog",
        summary: "Take a version out for good",
        errors: [400, 404, 409],
      }),
    );
}

function statusRoutes({ access }: RouteContext) {
  const app = new Elysia();
  for (const [verb, status] of [
    ["deprecate", "deprecated"],
    ["block", "blocked"],
  ] as const) {
    app.post(
      `${version}/${verb}`,
      async ({ params, request, set }) => {
        const { reason } = statusBody.check((await bodyOf(access, request)) ?? {});
        const { catalog } = access.services(request);
        const named = nameOf(access, request, params);
        return reply(set, answer(access, request, await catalog.setStatus(named, status, reason || null)));
      },
      operation({
        ...shared,
        id: `${verb}InCatalog`,
        summary: verb === "block" ? "Keep a version from being started" : "Say that a version is to be left",
        body: StatusRequest,
        errors: [400, 404, 409, 413],
      }),
    );
  }
  return app;
}
