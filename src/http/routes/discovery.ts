import { Elysia } from "elysia";
import { isAdmin } from "#auth/principal.ts";
import { AppError } from "#core/errors.ts";
import { agentToolSpecs } from "#engine/react/agent-tools.ts";
import { capabilities } from "#http/capabilities/capabilities.ts";
import { modelCapabilities, modelList, providerList } from "#http/catalog.ts";
import { operation } from "#http/operation.ts";
import { readQuery } from "#http/query.ts";
import type { Tool } from "#tools/tool.ts";
import { toolSpec } from "#tools/tool-spec.ts";
import { type RouteContext, reply } from "#http/route-context.ts";
import {
  Capabilities,
  ModelCapabilities,
  ModelCapabilitiesQuery,
  ModelList,
  ModelsQuery,
  ProviderList,
  ProvidersQuery,
  ToolList,
} from "#http/schemas/discovery.ts";

/** A catalogue does not wait longer for servers that do not answer. */
const toolLoadMs = 2000;

/** What it may do without being asked is part of the entry, so that an editor can show it. */
function catalogEntry(tool: Tool) {
  return { ...toolSpec(tool), approval: tool.approval };
}

export function discoveryRoutes(context: RouteContext) {
  const { access } = context;
  return new Elysia()
    .get(
      "/api/gateway/discovery/capabilities",
      ({ request, set }) =>
        reply(set, capabilities(access.services(request), { isAdmin: isAdmin(access.principal(request)) })),
      operation({
        id: "readCapabilities",
        summary: "What this gateway can do, and where",
        tag: "discovery",
        response: Capabilities,
      }),
    )
    .get(
      "/api/gateway/discovery/tools",
      async ({ request, set }) => {
        const patience = AbortSignal.any([request.signal, AbortSignal.timeout(toolLoadMs)]);
        const { tools, settings } = access.services(request);
        await tools.load(patience).catch(() => undefined);
        const own = agentToolSpecs.map((spec) => ({ ...spec, approval: "auto" }));
        return reply(set, { items: [...tools.list().map(catalogEntry), ...own], tool_mode: settings.toolMode });
      },
      operation({
        id: "listTools",
        summary: "Tools that agents and flows may name",
        tag: "discovery",
        response: ToolList,
      }),
    )
    .use(modelCatalogRoutes(context));
}

function modelCatalogRoutes({ access }: RouteContext) {
  return new Elysia()
    .get(
      "/api/gateway/discovery/providers",
      async ({ request, set }) =>
        reply(set, await providerList(access.services(request), readQuery(request.url, ProvidersQuery).include_models)),
      operation({
        id: "listProviders",
        summary: "Sources of models",
        tag: "discovery",
        query: ProvidersQuery,
        response: ProviderList,
      }),
    )
    .get(
      "/api/gateway/discovery/providers/:provider_name/models",
      async ({ params, request, set }) => {
        const query = readQuery(request.url, ModelsQuery);
        if (query.base_url) {
          throw new AppError("invalid_request", "base_url cannot be given here: servers are configured on the gateway");
        }
        const filter = {
          inputType: query.input_type ?? null,
          outputType: query.output_type ?? null,
          routes: query.capability_route,
        };
        return reply(set, await modelList(access.services(request), params.provider_name, filter));
      },
      operation({
        id: "listModels",
        summary: "Models of a provider",
        tag: "discovery",
        path: { provider_name: "Id of the provider." },
        query: ModelsQuery,
        response: ModelList,
        errors: [400, 404],
      }),
    )
    .get(
      "/api/gateway/discovery/models/capabilities",
      async ({ request, set }) => {
        const { model_name: name, provider } = readQuery(request.url, ModelCapabilitiesQuery);
        if (!name?.trim()) throw new AppError("invalid_request", "model_name is required");
        return reply(set, await modelCapabilities(access.services(request), name.trim(), provider?.trim() || null));
      },
      operation({
        id: "readModelCapabilities",
        summary: "What is known of a model",
        tag: "discovery",
        query: ModelCapabilitiesQuery,
        response: ModelCapabilities,
        errors: [400],
      }),
    );
}
