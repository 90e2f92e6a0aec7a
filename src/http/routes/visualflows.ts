import { Elysia } from "elysia";
import type { VisualFlowFields } from "#bundles/visual-flows/visual-flow.ts";
import { publishFlow } from "#bundles/visual-flows/publish.ts";
import type { JsonObject } from "#core/value.ts";
import { readJsonBody } from "#http/body.ts";
import { operation } from "#http/operation.ts";
import { type RouteContext, reply } from "#http/route-context.ts";
import {
  CreateVisualFlowRequest,
  PublishVisualFlowRequest,
  PublishedVisualFlow,
  RemovedVisualFlow,
  SimulateCodeRequest,
  SimulatedCode,
  UpdateVisualFlowRequest,
  VisualFlow,
  VisualFlowList,
} from "#http/schemas/visualflows.ts";
import type { Services } from "#http/services.ts";
import { simulateCode } from "#http/simulate-code.ts";
import { bodyCheck } from "#http/validation.ts";

const createBody = bodyCheck(CreateVisualFlowRequest);
const updateBody = bodyCheck(UpdateVisualFlowRequest);
const publishBody = bodyCheck(PublishVisualFlowRequest);
const simulateBody = bodyCheck(SimulateCodeRequest);
const path = { flow_id: "Id of the flow." };
const tag = "bundles";

/** The flows that an editor works on (contract 1.12). */
export function visualFlowRoutes(context: RouteContext) {
  return new Elysia().use(storeRoutes(context)).use(changeRoutes(context)).use(useRoutes(context));
}

function storeRoutes({ access }: RouteContext) {
  return new Elysia()
    .get(
      "/api/gateway/visualflows",
      async ({ request, set }) => reply(set, await access.services(request).visualFlows.list()),
      operation({ id: "listVisualFlows", summary: "List the editor's flows", tag, response: VisualFlowList }),
    )
    .post(
      "/api/gateway/visualflows",
      async ({ request, set }) => {
        const { value } = await readJsonBody(request, access.bodyLimitBytes(request));
        const { entryNode = null, nodes, edges, ...texts } = createBody.check(value);
        const fields = { ...texts, nodes: nodes as JsonObject[], edges: edges as JsonObject[], entryNode };
        return reply(set, await access.services(request).visualFlows.create(fields));
      },
      operation({
        id: "createVisualFlow",
        summary: "Save a new flow of the editor",
        tag,
        body: CreateVisualFlowRequest,
        response: VisualFlow,
        errors: [400, 413],
      }),
    )
    .get(
      "/api/gateway/visualflows/:flow_id",
      async ({ params, request, set }) => reply(set, await access.services(request).visualFlows.read(params.flow_id)),
      operation({
        id: "readVisualFlow",
        summary: "A flow of the editor",
        tag,
        path,
        response: VisualFlow,
        errors: [400, 404],
      }),
    );
}

function changeRoutes({ access }: RouteContext) {
  return new Elysia()
    .put(
      "/api/gateway/visualflows/:flow_id",
      async ({ params, request, set }) => {
        const { value } = await readJsonBody(request, access.bodyLimitBytes(request));
        const changes = withoutNulls(updateBody.check(value));
        const since = request.headers.get("if-match")?.replace(/^"(.*)"$/, "$1");
        return reply(set, await access.services(request).visualFlows.update(params.flow_id, changes, since));
      },
      operation({
        id: "updateVisualFlow",
        summary: "Save a flow of the editor again",
        tag,
        path,
        headers: { "if-match": "The `updated_at` that the client knows: 409 when somebody else has saved since." },
        body: UpdateVisualFlowRequest,
        response: VisualFlow,
        errors: [400, 404, 409, 413],
      }),
    )
    .delete(
      "/api/gateway/visualflows/:flow_id",
      async ({ params, request, set }) => {
        await access.services(request).visualFlows.remove(params.flow_id);
        return reply(set, { status: "deleted", id: params.flow_id });
      },
      operation({
        id: "removeVisualFlow",
        summary: "Remove a flow of the editor",
        tag,
        path,
        response: RemovedVisualFlow,
        errors: [400, 404],
      }),
    );
}

function useRoutes({ access }: RouteContext) {
  return new Elysia()
    .post(
      "/api/gateway/visualflows/:flow_id/publish",
      async ({ params, request, set }) => {
        const { value } = await readJsonBody(request, access.bodyLimitBytes(request), { floats: false });
        return reply(set, await publish(access.services(request), params.flow_id, publishBody.check(value)));
      },
      operation({
        id: "publishVisualFlow",
        summary: "Make a bundle of a flow and install it",
        description: "The flows that it calls, from the same store, go into the bundle with it.",
        tag,
        path,
        body: PublishVisualFlowRequest,
        response: PublishedVisualFlow,
        errors: [400, 404, 413],
      }),
    )
    .post(
      "/api/gateway/visualflows/code/simulate",
      async ({ request, set }) => {
        const { value } = await readJsonBody(request, access.bodyLimitBytes(request));
        const body = simulateBody.check(value);
        return reply(set, await simulateCode(access.services(request).codeRunner, body, request.signal));
      },
      operation({
        id: "simulateCode",
        summary: "Run the code of a node once",
        description: "Failures of the code are answers with 200.",
        tag,
        body: SimulateCodeRequest,
        response: SimulatedCode,
        errors: [413, 503],
      }),
    );
}

function withoutNulls(changes: UpdateVisualFlowRequest): Partial<VisualFlowFields> {
  return Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== null));
}

async function publish(services: Services, flowId: string, body: PublishVisualFlowRequest) {
  const { visualFlows: flows, bundles, hostName: host, now } = services;
  const { bundle_id, bundle_version, overwrite, reload_gateway } = body;
  const request = { flowId, bundleId: bundle_id ?? null, bundleVersion: bundle_version ?? null, overwrite };
  const { manifest } = await publishFlow(request, { flows, bundles, host, now });
  return {
    ok: true,
    bundle_id: manifest.bundle_id,
    bundle_version: manifest.bundle_version,
    bundle_ref: `${manifest.bundle_id}@${manifest.bundle_version}`,
    bundle_path: bundles.fileOf(manifest.bundle_id, manifest.bundle_version) ?? "",
    gateway_reloaded: reload_gateway,
    gateway_reload_error: null,
  };
}
