import { type Static, Type as t } from "@sinclair/typebox";
import { flag, jsonObject, nullable, oneOf, optionalText, text, textOrNull } from "#http/schemas/fields.ts";

export const ReportRequest = t.Object(
  {
    session_id: text("Session that it is about."),
    description: text("What happened, or what is wished for; at most 20,000 characters."),
    active_run_id: optionalText("Run that was open."),
    workflow_id: optionalText("Its workflow."),
    client: optionalText("Name of the client."),
    client_version: optionalText("Its version."),
    user_agent: optionalText("Its browser."),
    url: optionalText("Where in the client."),
    provider: optionalText("Provider in use."),
    model: optionalText("Model in use."),
    template: optionalText("Ignored: reports have one form here."),
    context: t.Optional(jsonObject("Whatever else the client knows.")),
  },
  { $id: "ReportRequest", description: "A bug or a wish, from a user." },
);
export type ReportRequest = Static<typeof ReportRequest>;

export const ReportReceipt = t.Object(
  {
    ok: flag("Always true."),
    filename: text("Name of the report."),
    path: text("Its file, below the data folder."),
    template_path: text("Empty: reports have one form here."),
    created_at: text("When it was written."),
    session_id: text("Session that it is about."),
    session_memory_run_id: text("Run that owns what belongs to the session."),
    active_run_id: textOrNull("Run that was open."),
    proposed_backlog_relpath: text("Empty: this gateway keeps no backlog."),
    proposed_backlog_item_id: nullable(t.Integer(), "Null."),
  },
  { $id: "ReportReceipt", description: "Where the report lies." },
);

const reportNames = {
  report_type: oneOf(["bug", "feature"], "What it is."),
  filename: text("Name of the report."),
  relpath: text("Its file, below the data folder."),
};

export const ReportList = t.Object(
  {
    items: t.Array(
      t.Object(
        {
          ...reportNames,
          title: text("Its first line."),
          created_at: text("When it was written."),
          session_id: text("Session that it is about."),
          workflow_id: text("Workflow that was open, or empty."),
          active_run_id: text("Run that was open, or empty."),
          decision_id: text("Empty: nobody decides here."),
          triage_status: text("Empty."),
        },
        { $id: "ReportItem", description: "A report of a user." },
      ),
      { description: "Newest first." },
    ),
  },
  { $id: "ReportList", description: "What users reported." },
);

export const ReportContent = t.Object(
  { ...reportNames, content: text("The report, Markdown.") },
  { $id: "ReportContent", description: "A report of a user." },
);
