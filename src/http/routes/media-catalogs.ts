import { Elysia } from "elysia";
import { mediaCatalog, mediaCatalogs } from "#http/media-catalogs.ts";
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
      ({ request, set }) =>
        reply(set, mediaCatalog(access.services(request), catalog, readQuery(request.url, MediaCatalogQuery))),
      operation({
        id: catalog.id,
        summary: catalog.summary,
        tag: "discovery",
        query: MediaCatalogQuery,
        response: MediaCatalog,
        errors: [400],
      }),
    );
  }
  return app;
}
