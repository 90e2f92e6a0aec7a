import { join } from "node:path";
import { sessionMemoryRunId } from "#artifacts/session-run.ts";
import { writeDurably } from "#bundles/durable-file.ts";
import { AppError } from "#core/errors.ts";
import { isoTime } from "#core/time.ts";
import { assertName } from "#http/route-context.ts";
import type { ReportRequest } from "#http/schemas/reports.ts";
import type { Services } from "#http/services.ts";

/** Folders in the data folder, and how reports begin. */
export const reportKinds = {
  bug: { folder: "bug_reports", title: "Bug report" },
  feature: { folder: "feature_requests", title: "Feature request" },
} as const;
export type ReportKind = keyof typeof reportKinds;

const maxDescriptionChars = 20_000;

/** Writes a user's report as Markdown into the data folder (contract 1.25). AppErrors `invalid_request`, `too_large`, `storage`. */
export async function writeReport(
  { settings, now, newId }: Services,
  kind: ReportKind,
  { body, author }: { body: ReportRequest; author: string },
) {
  const { session_id: sessionId, description, active_run_id: runId = null } = body;
  if (sessionId.trim() === "") throw new AppError("invalid_request", "session_id is required");
  assertName(sessionId, ["body", "session_id"]);
  if (description.trim() === "") throw new AppError("invalid_request", "description is required");
  if (description.length > maxDescriptionChars) {
    const sizes = `${description.length} characters > ${maxDescriptionChars} characters`;
    throw new AppError("too_large", `Description too large (${sizes})`);
  }
  const createdAt = isoTime(now());
  const { folder, title } = reportKinds[kind];
  const stamp = createdAt.slice(0, 23).replaceAll(/[-:.]/g, "");
  const filename = `${stamp}_${newId().slice(0, 8)}.md`;
  const path = `${folder}/${filename}`;
  await writeDurably(join(settings.dataDir, path), markdown({ title, createdAt, author, body }));
  return {
    ok: true,
    filename,
    path,
    template_path: "",
    created_at: createdAt,
    session_id: sessionId,
    session_memory_run_id: sessionMemoryRunId(sessionId),
    active_run_id: runId,
    proposed_backlog_relpath: "",
    proposed_backlog_item_id: null,
  };
}

interface Report {
  title: string;
  createdAt: string;
  author: string;
  body: ReportRequest;
}

function markdown({ title, createdAt, author, body }: Report): string {
  const { description, context = {}, template: _, ...facts } = body;
  const rows = Object.entries({ created_at: createdAt, user: author, ...facts })
    .filter(([, value]) => typeof value === "string" && value !== "")
    .map(([name, value]) => `- ${name}: ${oneLine(String(value))}`);
  const first = oneLine(description).slice(0, 80);
  return `# ${title}: ${first}\n\n${rows.join("\n")}\n\n## Description\n\n${description.trim()}\n\n## Context\n\n${fenced(context)}\n`;
}

/** Nothing of the client's may look like a line of the report's own. */
function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

function fenced(context: object): string {
  return `\`\`\`json\n${JSON.stringify(context, null, 2).replaceAll("```", "` ` `")}\n\`\`\``;
}
