import { Elysia } from "elysia";
import { isAdmin } from "#auth/principal.ts";
import { AppError } from "#core/errors.ts";
import { startVars } from "#http/input-data.ts";
import { operation } from "#http/operation.ts";
import { type RouteContext, reply, runOrNotFound } from "#http/route-context.ts";
import { OpenedFolder } from "#http/schemas/files.ts";

export function runFolderRoutes({ access }: RouteContext) {
  return new Elysia().post(
    "/api/gateway/runs/:run_id/workspace/open",
    async ({ params, request, set }) => {
      if (!isAdmin(access.principal(request))) throw new AppError("forbidden", "Admin principal required");
      const services = access.services(request);
      const run = await runOrNotFound(services, params.run_id);
      const workspace = services.openWorkspace(await startVars(services, run.run_id), run.runtime_id);
      if (!workspace) throw new AppError("conflict", `Run '${run.run_id}' has no workspace`);
      // Folders that the run may not use are not shown either.
      const { path } = await workspace.resolve(".");
      const opener = services.openFolder(path);
      if (opener === null) throw new AppError("unsupported", "There is no desktop on this machine that could open it");
      return reply(set, { ok: true, opened: true, run_id: run.run_id, workspace_root: path, opener });
    },
    operation({
      id: "openRunFolder",
      summary: "Show a run's workspace on the desktop of the gateway's machine",
      tag: "runs",
      path: { run_id: "Id of the run." },
      response: OpenedFolder,
      errors: [404, 409, 501],
    }),
  );
}
