import { Elysia } from "elysia";
import { isAdmin } from "#auth/principal.ts";
import { AppError, messageOf } from "#core/errors.ts";
import type { Access } from "#http/access.ts";
import { readJsonBody } from "#http/body.ts";
import { operation } from "#http/operation.ts";
import { connectionJson, connectionList } from "#http/provider-connections.ts";
import { type RouteContext, reply } from "#http/route-context.ts";
import {
  ConnectionList,
  ConnectionReply,
  CreateConnection,
  DiscoverModels,
  DiscoveredModels,
  UpdateConnection,
} from "#http/schemas/config.ts";
import type { Services } from "#http/services.ts";
import { bodyCheck, shownText } from "#http/validation.ts";
import { type Connection, type ConnectionInput, addressOf } from "#models/config/connections.ts";
import { createConnectedProvider } from "#models/connected-providers.ts";

const createBody = bodyCheck(CreateConnection);
const updateBody = bodyCheck(UpdateConnection);
const discoverBody = bodyCheck(DiscoverModels);
const base = "/api/gateway/config/provider-endpoint-profiles";
const profilePath = { profile_id: "Id of the connection." };

/** Providers that people enter, with their keys. */
export function connectionRoutes(context: RouteContext) {
  return new Elysia().use(profileRoutes(context)).use(changeRoutes(context)).use(discoverRoute(context));
}

async function bodyOf(access: Access, request: Request): Promise<unknown> {
  return (await readJsonBody(request, access.bodyLimitBytes(request), { floats: false })).value;
}

function checkScope(access: Access, request: Request, scope: string | undefined): void {
  if (scope !== "gateway" || isAdmin(access.principal(request))) return;
  throw new AppError("forbidden", "Only an administrator makes or changes connections for everybody");
}

function changed(services: Services, connection: Connection) {
  return { ok: true, profile: connectionJson(connection), profiles: connectionList(services) };
}

function existing({ connections }: Services, id: string): Connection {
  const connection = connections.get(id);
  if (!connection) throw new AppError("not_found", `Endpoint profile not found: '${shownText(id)}'`);
  return connection;
}

function profileRoutes({ access }: RouteContext) {
  return new Elysia()
    .get(
      base,
      ({ request, set }) =>
        reply(set, {
          ok: true,
          profiles: connectionList(access.services(request)),
          can_create_gateway_scope: isAdmin(access.principal(request)),
          source: "abstractgateway.connections",
        }),
      operation({
        id: "listConnections",
        summary: "Provider connections",
        tag: "config",
        response: ConnectionList,
      }),
    )
    .post(
      base,
      async ({ request, set }) => {
        const { id, ...body } = createBody.check(await bodyOf(access, request));
        const input = inputOf(body);
        const services = access.services(request);
        checkScope(access, request, input.scope ?? services.connections.get(id)?.scope);
        return reply(set, changed(services, await services.connections.put(id, input)));
      },
      operation({
        id: "createConnection",
        summary: "Make a provider connection, or replace it",
        tag: "config",
        body: CreateConnection,
        response: ConnectionReply,
        errors: [400, 413],
      }),
    );
}

function changeRoutes({ access }: RouteContext) {
  return new Elysia()
    .put(
      `${base}/:profile_id`,
      async ({ params, request, set }) => {
        const services = access.services(request);
        const { scope } = existing(services, params.profile_id);
        const input = inputOf(updateBody.check(await bodyOf(access, request)));
        checkScope(access, request, scope);
        checkScope(access, request, input.scope);
        return reply(set, changed(services, await services.connections.put(params.profile_id, input)));
      },
      operation({
        id: "updateConnection",
        summary: "Change a provider connection",
        tag: "config",
        path: profilePath,
        body: UpdateConnection,
        response: ConnectionReply,
        errors: [400, 404, 413],
      }),
    )
    .delete(
      `${base}/:profile_id`,
      async ({ params, request, set }) => {
        const services = access.services(request);
        checkScope(access, request, existing(services, params.profile_id).scope);
        await services.connections.remove(params.profile_id);
        return reply(set, { ok: true, deleted: true, profiles: connectionList(services) });
      },
      operation({
        id: "removeConnection",
        summary: "Remove a provider connection",
        tag: "config",
        path: profilePath,
        response: ConnectionReply,
        errors: [404],
      }),
    );
}

function discoverRoute({ access }: RouteContext) {
  return new Elysia().post(
    `${base}/discover-models`,
    async ({ request, set }) => {
      const body = discoverBody.check(await bodyOf(access, request));
      return reply(set, await discoverModels(access.services(request), body, request.signal));
    },
    operation({
      id: "discoverModels",
      summary: "Try a connection: which models are behind it",
      tag: "config",
      body: DiscoverModels,
      response: DiscoveredModels,
      errors: [400, 404, 413],
    }),
  );
}

/** The wire's names as ours; what is null is not given. */
function inputOf(body: Nullable<Omit<CreateConnection, "id">> & Nullable<UpdateConnection>): ConnectionInput {
  const { scope } = body;
  if (typeof scope === "string" && scope !== "user" && scope !== "gateway") {
    throw new AppError("invalid_request", `scope must be user or gateway, not '${shownText(scope)}'`);
  }
  const input = {
    displayName: body.display_name,
    description: body.description,
    family: body.provider_family,
    baseUrl: body.base_url,
    apiKey: body.api_key,
    clearKey: body.clear_api_key,
    scope,
    capabilities: body.capabilities,
    allowedModels: body.allowed_models,
    enabled: body.enabled,
  };
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== null && value !== undefined));
}

type Nullable<T> = { [Key in keyof T]?: T[Key] | null | undefined };

const discoverMs = 15_000;

async function discoverModels({ connections }: Services, body: DiscoverModels, aborted: AbortSignal) {
  const known = body.profile_id ? connections.get(body.profile_id.replace(/^endpoint:/, "")) : null;
  if (body.profile_id && !known) {
    throw new AppError("not_found", `Endpoint profile not found: '${shownText(body.profile_id)}'`);
  }
  const family = body.provider_family ?? known?.family ?? "openai-compatible";
  const baseUrl = addressOf(family, body.base_url ?? known?.baseUrl ?? null);
  // A key goes only to the server for which it was entered.
  const isSame = known !== null && baseUrl === known.baseUrl && family === known.family;
  const key = body.api_key || (isSame ? connections.keyOf(known) : null);
  const tried = { ...(known ?? unnamed), family, baseUrl, allowedModels: [] };
  const provider = createConnectedProvider(tried, () => key);
  const common = {
    provider: known ? provider.id : family,
    route_available: true,
    source: "abstractgateway.connections",
    base_url_configured: baseUrl !== null,
    api_key_set: key !== null,
  };
  try {
    const signal = AbortSignal.any([aborted, AbortSignal.timeout(discoverMs)]);
    const models = (await provider.models(signal)).map(({ id }) => id).sort();
    return { ok: true, ...common, models, available: models.length > 0 };
  } catch (error) {
    return { ok: false, ...common, models: [], available: false, error: messageOf(error) };
  }
}

const unnamed = {
  id: "new",
  displayName: "The new connection",
  description: "",
  sealedKey: null,
  keyFingerprint: null,
  scope: "user" as const,
  capabilities: [],
  enabled: true,
  createdAt: "",
  updatedAt: "",
};
