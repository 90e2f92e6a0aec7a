import { type AnyElysia, Elysia } from "elysia";
import { mediaCatalogRoutes } from "#http/routes/media-catalogs.ts";
import { openAiMediaRoutes } from "#http/routes/openai-media.ts";
import { type MediaContext, mediaRoutes } from "#http/routes/media.ts";

/** Everything about speech, images, video and music. */
export function mediaGroups(context: MediaContext): AnyElysia {
  return new Elysia().use(mediaRoutes(context)).use(mediaCatalogRoutes(context)).use(openAiMediaRoutes(context));
}
