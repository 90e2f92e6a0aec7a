import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "#core/errors.ts";
import { type ReportKind, reportKinds } from "#http/write-report.ts";
import { shownText } from "#http/validation.ts";

/** What users reported, newest first. A file that is no report is passed over. */
export async function listReports(dataDir: string, kind: ReportKind) {
  const { folder } = reportKinds[kind];
  const names = (await readdir(join(dataDir, folder)).catch(() => [])).filter((name) => nameForm.test(name));
  const items = await Promise.all(
    names
      .sort()
      .toReversed()
      .map((name) => summary(dataDir, kind, name)),
  );
  return { items: items.filter((item) => item !== null) };
}

/** AppErrors `invalid_request` for a name that no report has, `not_found`. */
export async function readReport(dataDir: string, kind: ReportKind, filename: string) {
  const { folder } = reportKinds[kind];
  if (!nameForm.test(filename)) {
    throw new AppError("invalid_request", `'${shownText(filename)}' is not the name of a report`);
  }
  const content = await readFile(join(dataDir, folder, filename), "utf8").catch(() => null);
  if (content === null) throw new AppError("not_found", `Report '${filename}' not found`);
  return { report_type: kind, filename, relpath: `${folder}/${filename}`, content };
}

const nameForm = /^[A-Za-z0-9_-]{1,100}\.md$/;

async function summary(dataDir: string, kind: ReportKind, filename: string) {
  const { content, ...names } = await readReport(dataDir, kind, filename);
  const [first = "", , ...lines] = content.split("\n");
  if (!first.startsWith("# ")) return null;
  const facts = lines.slice(0, lines.indexOf(""));
  const fact = (name: string) => facts.find((line) => line.startsWith(`- ${name}: `))?.slice(name.length + 4) ?? "";
  return {
    ...names,
    title: first.slice(2),
    created_at: fact("created_at"),
    session_id: fact("session_id"),
    workflow_id: fact("workflow_id"),
    active_run_id: fact("active_run_id"),
    decision_id: "",
    triage_status: "",
  };
}
