import { Elysia } from "elysia";
import { chunksOf } from "#artifacts/blob-store.ts";
import { AppError } from "#core/errors.ts";
import { readJsonBody } from "#http/body.ts";
import { operation } from "#http/operation.ts";
import { requestWorkspace } from "#http/request-workspace.ts";
import { type RouteContext, reply } from "#http/route-context.ts";
import { ExportReply, ExportRequest } from "#http/schemas/artifacts.ts";
import { visibleArtifact } from "#http/visible-artifact.ts";
import { bodyCheck } from "#http/validation.ts";
import { writeChunks } from "#tools/write-chunks.ts";

const exportBody = bodyCheck(ExportRequest);

export function artifactExportRoutes({ access }: RouteContext) {
  return new Elysia().post(
    "/api/gateway/runs/:run_id/artifacts/:artifact_id/export",
    async ({ params, request, set }) => {
      const body = exportBody.check((await readJsonBody(request, access.bodyLimitBytes(request))).value);
      const path = body.path || body.destination;
      if (!path) throw new AppError("invalid_request", "path is required");
      const services = access.services(request);
      const row = await visibleArtifact(services, params.run_id, params.artifact_id);
      const file = await requestWorkspace(services, body).resolve(path);
      const blob = await services.blobs.open(row.blob_id);
      if (!blob) throw new AppError("gone", `The content of artifact '${row.artifact_id}' is missing`);
      const options = { overwrite: body.overwrite, makesFolders: body.create_parent_dirs };
      await writeChunks(file, chunksOf(blob), options);
      return reply(set, {
        ok: true,
        artifact_id: row.artifact_id,
        run_id: row.run_id,
        path: file.shown,
        bytes_written: blob.size,
        content_type: row.content_type,
        sha256: row.blob_id,
      });
    },
    operation({
      id: "exportArtifact",
      summary: "Write an artifact to a file of the workspace",
      tag: "artifacts",
      path: { run_id: "Run through which the artifact is seen.", artifact_id: "Id of the artifact." },
      body: ExportRequest,
      response: ExportReply,
      errors: [400, 404, 409, 410, 413, 507],
    }),
  );
}
