import { Elysia } from "elysia";
import { mediaCatalog } from "#http/media/catalog-answer.ts";
import { mediaCatalogs } from "#http/media/media-catalogs.ts";
import { operation } from "#http/operation.ts";
import { readQuery } from "#http/query.ts";
import { type RouteContext, reply } from "#http/route-context.ts";
import { MediaCatalog, MediaCatalogQuery } from "#http/schemas/discovery.ts";

/** Catalogs of speech, music and pictures. */
export function mediaCatalogRoutes({ access }: RouteContext) {
  const app = new Elysia();
  for (const catalog of mediaCatalogs) {
    app.get(
      `/api/gateway${catalog.path}`,
      async ({ request, set }) =>
        reply(set, await mediaCatalog(access.services(request), catalog, readQuery(request.url, MediaCatalogQuery))),
      operation({
        id: catalog.id,
        summary: catalog.summary,
        tag: "discovery",
        query: MediaCatalogQuery,
        response: MediaCatalog,
        errors: [400, 404],
      }),
    );
  }
  return app;
}
