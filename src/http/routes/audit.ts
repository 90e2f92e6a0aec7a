import { existsSync } from "node:fs";
import { Elysia } from "elysia";
import { auditPath, readTail } from "#auth/audit-chain.ts";
import type { AuditLog } from "#auth/audit-log.ts";
import { operation } from "#http/operation.ts";
import { readQuery } from "#http/query.ts";
import { type RouteContext, reply } from "#http/route-context.ts";
import { AuditTail, AuditTailQuery } from "#http/schemas/people.ts";

/** The audit log, for administrators. */
export function auditRoutes({ services, audit }: RouteContext & { audit: AuditLog | null }) {
  return new Elysia().get(
    "/api/gateway/audit/tail",
    async ({ request, set }) => {
      const { max_bytes } = readQuery(request.url, AuditTailQuery);
      await audit?.flush();
      const path = auditPath(services.settings.dataDir);
      const { text, isCut } = existsSync(path) ? await readTail(path, max_bytes) : { text: "", isCut: false };
      // What was cut begins in the middle of a line.
      const content = isCut ? text.slice(text.indexOf("\n") + 1) : text;
      return reply(set, { ok: true, bytes: Buffer.byteLength(content), truncated: isCut, content });
    },
    operation({
      id: "readAuditTail",
      summary: "The end of the audit log",
      description: "Lines of JSON; each holds the hash of the one before (`abstractgateway verify` walks them).",
      tag: "people",
      query: AuditTailQuery,
      response: AuditTail,
    }),
  );
}
