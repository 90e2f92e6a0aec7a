import { Elysia } from "elysia";
import { readJsonBody } from "#http/body.ts";
import { operation } from "#http/operation.ts";
import { type RouteContext, reply } from "#http/route-context.ts";
import { SweepRequest, SweepResponse } from "#http/schemas/upkeep.ts";
import { bodyCheck } from "#http/validation.ts";

const sweepBody = bodyCheck(SweepRequest);

/** Keeping the store small; for administrators, since it works on what belongs to everybody. */
export function upkeepRoutes({ services, access, keepOpen }: RouteContext & { keepOpen: (request: Request) => void }) {
  return new Elysia().post(
    "/api/gateway/admin/gc",
    async ({ request, set }) => {
      const { value } = await readJsonBody(request, access.bodyLimitBytes(request), { floats: false });
      const body = sweepBody.check(value);
      const { runs_days: runsDays, states_days: statesDays, artifacts_days: artifactsDays } = body;
      const policy = {
        ...(runsDays === undefined ? {} : { runsDays }),
        ...(statesDays === undefined ? {} : { statesDays }),
        ...(artifactsDays === undefined ? {} : { artifactsDays }),
      };
      // A large store takes longer than idle connections are kept.
      keepOpen(request);
      return reply(set, await services.retention.sweep({ isDryRun: body.dry_run, policy }));
    },
    operation({
      id: "collectGarbage",
      summary: "Remove what nobody needs any more: old ended runs, their states, unused files",
      tag: "gateway",
      body: SweepRequest,
      response: SweepResponse,
      errors: [413],
    }),
  );
}
