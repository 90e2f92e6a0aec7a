import type { Static } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { bundleIdentity } from "#bundles/bundle-summary.ts";
import { isScheduleWorkflow } from "#core/schedule.ts";
import { AppError } from "#core/errors.ts";
import { readJsonBody } from "#http/body.ts";
import {
  bundleFlow,
  bundleNotFound,
  detailOf,
  findBundle,
  flowInputSchema,
  listBundles,
  splitRef,
} from "#http/bundle-json.ts";
import { operation } from "#http/operation.ts";
import { readQuery } from "#http/query.ts";
import { type RouteContext, assertName, reply } from "#http/route-context.ts";
import {
  BundleDetail,
  BundleFlow,
  BundleList,
  DeprecateRequest,
  DeprecateResponse,
  FlowInputSchema,
  ListBundlesQuery,
  ReloadResponse,
  RemoveBundleQuery,
  RemoveBundleResponse,
  UndeprecateRequest,
  UndeprecateResponse,
  UploadBundleForm,
  UploadBundleResponse,
  VersionQuery,
  WorkflowFlow,
} from "#http/schemas/bundles.ts";
import { scheduleFlow } from "#http/schedule-flow.ts";
import type { Services } from "#http/services.ts";
import { UploadForm } from "#http/upload-form.ts";
import { bodyCheck } from "#http/validation.ts";
import { parseWorkflowId } from "#http/workflow-id.ts";

const deprecateBody = bodyCheck(DeprecateRequest);
const undeprecateBody = bodyCheck(UndeprecateRequest);
const bundlePath = { bundle_id: "Bundle, `id` or `id@version`." };
const flowPath = { ...bundlePath, flow_id: "Flow of the bundle." };

export function bundleRoutes(context: RouteContext) {
  return new Elysia()
    .use(installRoutes(context))
    .use(deprecationRoutes(context))
    .use(readRoutes(context))
    .use(flowRoutes(context));
}

function installRoutes({ access }: RouteContext) {
  return new Elysia()
    .post(
      "/api/gateway/bundles/upload",
      async ({ request, set }) => {
        const form = await UploadForm.read(request, access.bodyLimitBytes(request));
        return reply(set, await upload(access.services(request), form));
      },
      operation({
        id: "uploadBundle",
        summary: "Install a bundle",
        tag: "bundles",
        form: UploadBundleForm,
        response: UploadBundleResponse,
        errors: [400, 413],
      }),
    )
    .post(
      "/api/gateway/bundles/reload",
      async ({ request, set }) => {
        const { bundleIds, skipped } = await access.services(request).bundles.reload();
        return reply(set, { ok: true, bundle_ids: bundleIds, count: bundleIds.length, skipped });
      },
      operation({
        id: "reloadBundles",
        summary: "Look at the folder of bundles again",
        tag: "bundles",
        response: ReloadResponse,
      }),
    )
    .delete(
      "/api/gateway/bundles/:bundle_id",
      async ({ params, request, set }) =>
        reply(set, await remove(access.services(request), params.bundle_id, readQuery(request.url, RemoveBundleQuery))),
      operation({
        id: "removeBundle",
        summary: "Remove one version of a bundle, or all",
        tag: "bundles",
        path: bundlePath,
        query: RemoveBundleQuery,
        response: RemoveBundleResponse,
        errors: [400, 404],
      }),
    );
}

function deprecationRoutes({ access }: RouteContext) {
  return new Elysia()
    .post(
      "/api/gateway/bundles/:bundle_id/deprecate",
      async ({ params, request, set }) => {
        const { value } = await readJsonBody(request, access.bodyLimitBytes(request));
        const body = deprecateBody.check(value);
        const { bundles } = access.services(request);
        const { bundle_id } = findBundle(bundles, params.bundle_id).manifest;
        const { deprecated_at, reason } = await bundles.deprecate(bundle_id, body.flow_id || null, body.reason || null);
        const flowId = body.flow_id || "*";
        return reply(set, {
          ok: true,
          bundle_id,
          flow_id: flowId,
          deprecated_at,
          ...(reason === null ? {} : { reason }),
        });
      },
      operation({
        id: "deprecateBundle",
        summary: "Keep a bundle, or one of its flows, from being started",
        tag: "bundles",
        path: bundlePath,
        body: DeprecateRequest,
        response: DeprecateResponse,
        errors: [404, 413],
      }),
    )
    .post(
      "/api/gateway/bundles/:bundle_id/undeprecate",
      async ({ params, request, set }) => {
        const { value } = await readJsonBody(request, access.bodyLimitBytes(request));
        const body = undeprecateBody.check(value);
        const { bundles } = access.services(request);
        const { bundle_id } = findBundle(bundles, params.bundle_id).manifest;
        const removed = await bundles.undeprecate(bundle_id, body.flow_id || null);
        return reply(set, { ok: true, bundle_id, flow_id: body.flow_id || "*", removed });
      },
      operation({
        id: "undeprecateBundle",
        summary: "Take a deprecation back",
        tag: "bundles",
        path: bundlePath,
        body: UndeprecateRequest,
        response: UndeprecateResponse,
        errors: [404, 413],
      }),
    );
}

function readRoutes({ access }: RouteContext) {
  return new Elysia()
    .get(
      "/api/gateway/bundles",
      ({ request, set }) =>
        reply(set, listBundles(access.services(request).bundles, readQuery(request.url, ListBundlesQuery))),
      operation({
        id: "listBundles",
        summary: "List installed bundles",
        tag: "bundles",
        query: ListBundlesQuery,
        response: BundleList,
      }),
    )
    .get(
      "/api/gateway/bundles/:bundle_id",
      async ({ params, request, set }) => {
        const { bundle_version } = readQuery(request.url, VersionQuery);
        const services = access.services(request);
        return reply(set, await detailOf(services, findBundle(services.bundles, params.bundle_id, bundle_version)));
      },
      operation({
        id: "readBundle",
        summary: "One version of a bundle",
        tag: "bundles",
        path: bundlePath,
        query: VersionQuery,
        response: BundleDetail,
        errors: [400, 404],
      }),
    );
}

function flowRoutes({ access }: RouteContext) {
  return new Elysia()
    .get(
      "/api/gateway/bundles/:bundle_id/flows/:flow_id",
      ({ params, request, set }) => {
        const { bundle_version } = readQuery(request.url, VersionQuery);
        const { bundles } = access.services(request);
        return reply(set, bundleFlow(findBundle(bundles, params.bundle_id, bundle_version), params.flow_id));
      },
      operation({
        id: "readBundleFlow",
        summary: "A flow's document",
        tag: "bundles",
        path: flowPath,
        query: VersionQuery,
        response: BundleFlow,
        errors: [400, 404],
      }),
    )
    .get(
      "/api/gateway/bundles/:bundle_id/flows/:flow_id/input_schema",
      ({ params, request, set }) => {
        const { bundle_version } = readQuery(request.url, VersionQuery);
        const { bundles } = access.services(request);
        return reply(set, flowInputSchema(findBundle(bundles, params.bundle_id, bundle_version), params.flow_id));
      },
      operation({
        id: "readFlowInputSchema",
        summary: "What a flow wants to be started with",
        tag: "bundles",
        path: flowPath,
        query: VersionQuery,
        response: FlowInputSchema,
        errors: [400, 404],
      }),
    )
    .get(
      "/api/gateway/workflows/:workflow_id/flow",
      async ({ params, request, set }) => reply(set, await workflowFlow(access.services(request), params.workflow_id)),
      operation({
        id: "readWorkflowFlow",
        summary: "The flow behind a workflow id",
        tag: "bundles",
        path: { workflow_id: "`bundle[@version]:flow`." },
        response: WorkflowFlow,
        errors: [404],
      }),
    );
}

async function upload(services: Services, form: UploadForm) {
  const file = form.file("file");
  const overwrite = form.flag("overwrite", false);
  const reload = form.flag("reload", true);
  const { maxBundleBytes } = services.settings.limits;
  if (file.size > maxBundleBytes) {
    throw new AppError("too_large", `Bundle too large (${file.size} bytes > ${maxBundleBytes} bytes)`);
  }
  const installed = await services.bundles.install(new Uint8Array(await file.arrayBuffer()), { overwrite });
  const { default_entrypoint, entrypoints } = installed.manifest;
  return {
    ok: true,
    ...bundleIdentity(installed.manifest),
    sha256: installed.digest,
    default_entrypoint,
    entrypoints: entrypoints.map(({ flow_id, name, description, interfaces }) => ({
      flow_id,
      name,
      description,
      interfaces,
    })),
    // An installed bundle is known at once: there is nothing that a reload could add or break.
    gateway_reloaded: reload,
    gateway_reload_error: null,
  };
}

async function remove(services: Services, ref: string, query: Static<typeof RemoveBundleQuery>) {
  const { bundleId, bundleVersion } = splitRef(ref, query.bundle_version);
  assertName(bundleId, ["path", "bundle_id"]);
  const removed = await services.bundles.remove(bundleId, bundleVersion);
  if (removed === 0) throw bundleNotFound(bundleId, bundleVersion);
  return {
    ok: true,
    bundle_ref: bundleVersion === undefined ? bundleId : `${bundleId}@${bundleVersion}`,
    removed,
    gateway_reloaded: query.reload,
    gateway_reload_error: null,
  };
}

async function workflowFlow(services: Services, workflowId: string) {
  if (isScheduleWorkflow(workflowId)) {
    const [run] = await services.ledger.listRuns({ workflowId, limit: 1 });
    if (!run?.schedule) throw new AppError("not_found", `Workflow '${workflowId}' not found`);
    return { workflow_id: workflowId, flow: scheduleFlow(workflowId, run.schedule), source: "dynamic" };
  }
  const name = parseWorkflowId(workflowId);
  if (!name) throw new AppError("not_found", `Workflow '${workflowId}' not found`);
  const installed = findBundle(services.bundles, name.bundleId, name.bundleVersion ?? undefined);
  return bundleFlow(installed, name.flowId);
}
