import { type Static, Type as t } from "@sinclair/typebox";
import { flag, jsonObject, nullable, optionalText, text, textOrNull } from "#http/schemas/fields.ts";

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
