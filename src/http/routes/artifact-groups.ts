import { type AnyElysia, Elysia } from "elysia";
import type { RouteContext } from "#http/route-context.ts";
import { artifactExportRoutes } from "#http/routes/artifact-export.ts";
import { artifactRoutes } from "#http/routes/artifacts.ts";
import { attachmentRoutes } from "#http/routes/attachments.ts";
import { fileRoutes } from "#http/routes/files.ts";
import { runFolderRoutes } from "#http/routes/run-folder.ts";
import { uploadRoutes } from "#http/routes/uploads.ts";

/** Everything that is not text. Its type is not spelled out: the whole API's would be more than the compiler can follow. */
export function artifactGroups(context: RouteContext): AnyElysia {
  return new Elysia()
    .use(artifactRoutes(context))
    .use(artifactExportRoutes(context))
    .use(attachmentRoutes(context))
    .use(uploadRoutes(context))
    .use(fileRoutes(context))
    .use(runFolderRoutes(context));
}
