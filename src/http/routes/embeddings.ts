import { Elysia } from "elysia";
import { AppError, messageOf } from "#core/errors.ts";
import { readJsonBody } from "#http/body.ts";
import { embeddingModelList } from "#http/catalog.ts";
import { operation } from "#http/operation.ts";
import { readQuery } from "#http/query.ts";
import { type RouteContext, reply } from "#http/route-context.ts";
import { EmbeddingModelList, EmbeddingModelsQuery } from "#http/schemas/discovery.ts";
import { Embeddings, EmbeddingsConfig, EmbeddingsRequest } from "#http/schemas/embeddings.ts";
import type { Services } from "#http/services.ts";
import { textsOf } from "#http/texts-of.ts";
import { bodyCheck } from "#http/validation.ts";
import { embedTexts } from "#models/embed.ts";

const embedBody = bodyCheck(EmbeddingsRequest);
const lookMs = 5000;

/** Vectors of texts. */
export function embeddingRoutes({ access }: RouteContext) {
  return new Elysia()
    .post(
      "/api/gateway/embeddings",
      async ({ request, set }) => {
        const { value } = await readJsonBody(request, access.bodyLimitBytes(request), { floats: false });
        const { input, provider, model } = embedBody.check(value);
        const asked = { texts: textsOf(input), provider: provider?.trim() || null, model: model?.trim() || null };
        const { vectors, ...made } = await embedTexts(access.services(request).providers, asked, request.signal);
        return reply(set, {
          object: "list",
          provider: made.provider,
          model: made.model,
          dimension: vectors[0]?.length ?? 0,
          data: vectors.map((embedding, index) => ({ object: "embedding", index, embedding })),
        });
      },
      operation({
        id: "createEmbeddings",
        summary: "Turn texts into vectors",
        tag: "models",
        body: EmbeddingsRequest,
        response: Embeddings,
        errors: [400, 404, 413, 501, 503],
      }),
    )
    .get(
      "/api/gateway/embeddings/config",
      async ({ request, set }) => reply(set, await embeddingsConfig(access.services(request))),
      operation({
        id: "readEmbeddingsConfig",
        summary: "Who makes embeddings",
        tag: "models",
        response: EmbeddingsConfig,
      }),
    )
    .get(
      "/api/gateway/embeddings/models",
      async ({ request, set }) => {
        const query = readQuery(request.url, EmbeddingModelsQuery);
        if (query.base_url) {
          throw new AppError("invalid_request", "base_url cannot be given here: servers are configured on the gateway");
        }
        return reply(
          set,
          await embeddingModelList(access.services(request), query.provider?.trim() || null, query.providers_only),
        );
      },
      operation({
        id: "listEmbeddingModels",
        summary: "Models that make embeddings",
        tag: "models",
        query: EmbeddingModelsQuery,
        response: EmbeddingModelList,
        errors: [400, 404],
      }),
    );
}

async function embeddingsConfig({ providers }: Services) {
  const unknown = { route: "embedding.text", provider: null, model: null, base_url: null, dimension: null };
  try {
    const signal = AbortSignal.timeout(lookMs);
    const route = await providers.embeddingRoute(signal);
    if (!route) return { ok: false, ...unknown, error: "No model for embeddings is configured" };
    const provider = providers.get(route.provider.toLowerCase());
    if (!provider) return { ok: false, ...unknown, ...route, error: `Provider '${route.provider}' is not configured` };
    const known = await provider.models(signal).catch(() => []);
    const dimension = known.find(({ id }) => id === route.model)?.dimensions ?? null;
    return { ok: true, ...unknown, ...route, dimension };
  } catch (error) {
    return { ok: false, ...unknown, error: messageOf(error) };
  }
}
