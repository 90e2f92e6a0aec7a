import { Elysia } from "elysia";
import type { Value } from "#core/value.ts";
import { readJsonBody } from "#http/body.ts";
import { operation } from "#http/operation.ts";
import { readQuery } from "#http/query.ts";
import { type RouteContext, reply } from "#http/route-context.ts";
import { LoadModelRequest, LoadedQuery, ResidencyReply, UnloadModelRequest } from "#http/schemas/residency.ts";
import { bodyCheck } from "#http/validation.ts";
import { changeResidency, readResidencyRequest } from "#models/residency.ts";

const loadBody = bodyCheck(LoadModelRequest);
const unloadBody = bodyCheck(UnloadModelRequest);

/** Which models are in the memory of this machine. A failure is a 200 reply with `ok: false`, as clients expect it. */
export function modelRoutes({ access }: RouteContext) {
  const bodyOf = async (request: Request) =>
    (await readJsonBody(request, access.bodyLimitBytes(request), { floats: false })).value;
  return new Elysia()
    .get(
      "/api/gateway/models/loaded",
      async ({ request, set }) => {
        const query: Record<string, Value | undefined> = readQuery(request.url, LoadedQuery);
        const asked = readResidencyRequest("list_loaded", query);
        return reply(set, await changeResidency(access.services(request).providers, asked, request.signal));
      },
      operation({
        id: "listLoadedModels",
        summary: "Models that are in memory",
        tag: "models",
        query: LoadedQuery,
        response: ResidencyReply,
      }),
    )
    .post(
      "/api/gateway/models/load",
      async ({ request, set }) => {
        const body = loadBody.check(await bodyOf(request)) as Record<string, Value | undefined>;
        return reply(
          set,
          await changeResidency(access.services(request).providers, readResidencyRequest("load", body), request.signal),
        );
      },
      operation({
        id: "loadModel",
        summary: "Load a local model, and keep it",
        tag: "models",
        body: LoadModelRequest,
        response: ResidencyReply,
        errors: [413],
      }),
    )
    .post(
      "/api/gateway/models/unload",
      async ({ request, set }) => {
        const body = unloadBody.check(await bodyOf(request)) as Record<string, Value | undefined>;
        return reply(
          set,
          await changeResidency(
            access.services(request).providers,
            readResidencyRequest("unload", body),
            request.signal,
          ),
        );
      },
      operation({
        id: "unloadModel",
        summary: "Take a local model out of memory",
        tag: "models",
        body: UnloadModelRequest,
        response: ResidencyReply,
        errors: [413],
      }),
    );
}
