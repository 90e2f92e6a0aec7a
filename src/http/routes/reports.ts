import { Elysia } from "elysia";
import { readJsonBody } from "#http/body.ts";
import { operation } from "#http/operation.ts";
import { type RouteContext, reply } from "#http/route-context.ts";
import { listReports, readReport } from "#http/read-reports.ts";
import { ReportContent, ReportList, ReportReceipt, ReportRequest } from "#http/schemas/reports.ts";
import { bodyCheck } from "#http/validation.ts";
import { type ReportKind, writeReport } from "#http/write-report.ts";

const reportBody = bodyCheck(ReportRequest);

/** What users report lies in the data folder, for whoever runs the gateway. */
export function reportRoutes(context: RouteContext) {
  return new Elysia().use(writeRoutes(context)).use(inboxRoutes(context, "bug")).use(inboxRoutes(context, "feature"));
}

function inboxRoutes({ services }: RouteContext, kind: ReportKind) {
  const { dataDir } = services.settings;
  const [plural, Plural] = kind === "bug" ? ["bugs", "Bugs"] : ["features", "Features"];
  return new Elysia()
    .get(
      `/api/gateway/reports/${plural}`,
      async ({ set }) => reply(set, await listReports(dataDir, kind)),
      operation({
        id: `listReported${Plural}`,
        summary: `What users reported: ${plural}`,
        tag: "gateway",
        response: ReportList,
      }),
    )
    .get(
      `/api/gateway/reports/${plural}/:filename/content`,
      async ({ params, set }) => reply(set, await readReport(dataDir, kind, params.filename)),
      operation({
        id: `readReported${Plural}`,
        summary: `One report of a user, of ${plural}`,
        tag: "gateway",
        path: { filename: "Name of the report." },
        response: ReportContent,
        errors: [400, 404],
      }),
    );
}

function writeRoutes({ access }: RouteContext) {
  const take = async (request: Request, kind: ReportKind) => {
    const { value } = await readJsonBody(request, access.bodyLimitBytes(request), { floats: false });
    const { user_id: author } = access.principal(request);
    return writeReport(access.services(request), kind, { body: reportBody.check(value), author });
  };
  return new Elysia()
    .post(
      "/api/gateway/bugs/report",
      async ({ request, set }) => reply(set, await take(request, "bug")),
      operation({
        id: "reportBug",
        summary: "Report a bug to whoever runs the gateway",
        tag: "gateway",
        body: ReportRequest,
        response: ReportReceipt,
        errors: [400, 413],
      }),
    )
    .post(
      "/api/gateway/features/report",
      async ({ request, set }) => reply(set, await take(request, "feature")),
      operation({
        id: "requestFeature",
        summary: "Tell whoever runs the gateway what is missing",
        tag: "gateway",
        body: ReportRequest,
        response: ReportReceipt,
        errors: [400, 413],
      }),
    );
}
