import { type Static, Type as t } from "@sinclair/typebox";
import { runStatuses, waitReasons } from "#core/run.ts";
import {
  count,
  flag,
  jsonObject,
  nullable,
  oneOf,
  optionalText,
  text,
  textOrNull,
  time,
} from "#http/schemas/fields.ts";

export const StartRunRequest = t.Object(
  {
    bundle_id: optionalText("Bundle, `id` or `id@version`."),
    bundle_version: optionalText("Version; the latest published one when absent."),
    flow_id: optionalText(
      "`flow`, `bundle:flow` or `bundle@version:flow`; optional when the bundle has one entrypoint.",
    ),
    input_data: t.Object(
      {},
      {
        additionalProperties: true,
        default: {},
        description: "Becomes the run's vars. Floats such as 5.0 stay floats.",
      },
    ),
    thinking: t.Optional(
      t.Union([t.Boolean(), t.String(), t.Null()], { description: "Reasoning effort: off, low, medium, high, xhigh." }),
    ),
    run_lifecycle: t.Optional(
      nullable(
        t.Object({}, { additionalProperties: true }),
        "Purpose and retention; drafts need purpose `draft_test`.",
      ),
    ),
    session_id: optionalText("Session of the run; the new run's id when absent."),
    registry_scope: optionalText("`private` (default) or `tenant_catalog`."),
  },
  { $id: "StartRunRequest", description: "Which flow to run, and with what." },
);
export type StartRunRequest = Static<typeof StartRunRequest>;

export const StartRunResponse = t.Object(
  { run_id: text("Id of the run, durable when this is answered.") },
  { $id: "StartRunResponse", description: "The run that was started." },
);

const Waiting = t.Object(
  {
    reason: oneOf(waitReasons, "Why the run waits."),
    wait_key: textOrNull("Key that an answer may name."),
    until: textOrNull("Time of an `until` wait."),
    prompt: textOrNull("Question for a person."),
    choices: nullable(t.Array(t.Unknown({ description: "Any value." })), "Answers to choose from."),
    allow_free_text: flag("Whether another answer than a choice is allowed."),
    details: nullable(t.Object({}, { additionalProperties: true }), "Child run, tool calls, kind of the pause."),
  },
  { $id: "RunWaiting", description: "What a waiting run waits for." },
);

const Tokens = t.Object(
  {
    estimated_used: t.Number({ description: "Tokens used so far, as estimated." }),
    max_tokens: nullable(t.Number(), "Limit of tokens."),
    max_input_tokens: nullable(t.Number(), "Limit of input tokens."),
    pct: t.Number({ description: "Used tokens over the input limit, or over the limit." }),
    warn_tokens_pct: t.Number({ description: "Percentage from which a warning is due." }),
  },
  { $id: "RunTokens", description: "Token counters of a run." },
);

export const ForkedFrom = t.Object(
  {
    run_id: text("The run that it was forked from; it may be gone."),
    cursor: count("Cursor in that run's ledger."),
    record_hash: textOrNull("Hash of the record at the cursor, which proves all before it; null at cursor 0."),
  },
  { $id: "ForkedFrom", description: "Where a fork began." },
);

const runFields = {
  run_id: text("Id of the run."),
  workflow_id: text("`bundle@version:flow`, or the id of an internal workflow."),
  status: oneOf(runStatuses, "A paused run is `waiting`."),
  current_node: textOrNull("Node that the run stands at."),
  created_at: time("When the run was started."),
  updated_at: time("When it last changed."),
  actor_id: textOrNull("Who owns the run."),
  session_id: textOrNull("Session of the run."),
  forked_from: nullable(ForkedFrom, "Null for a run that began at the beginning."),
  parent_run_id: textOrNull("Run that started this one as a child."),
  error: textOrNull("Why a run failed or was cancelled."),
  flow_warnings: nullable(t.Array(t.String()), "What the flow met and got over."),
  paused: flag("Whether the run is paused."),
  pause_reason: textOrNull("Reason of the pause."),
  paused_at: textOrNull("When it was last paused."),
  resumed_at: textOrNull("When it was last resumed."),
  waiting: nullable(Waiting, "Null when the run does not wait."),
  is_scheduled: flag("Whether a schedule owns the run."),
  schedule: nullable(t.Object({}, { additionalProperties: true }), "The schedule, when there is one."),
  limits: nullable(t.Object({ tokens: Tokens }), "Counters, once the run has some."),
  run_lifecycle: nullable(t.Object({}, { additionalProperties: true }), "Purpose and retention of the start request."),
  is_draft: flag("Whether it is a draft test of an editor."),
};

export const RunSummary = t.Object(runFields, { $id: "RunSummary", description: "A run as it stands now." });

const RunListItem = t.Object(
  {
    ...runFields,
    ledger_len: t.Optional(nullable(count("Records."), "Records in the run's ledger.")),
    steps: t.Optional(nullable(count("Steps."), "Records in the run's ledger.")),
    llm_calls: t.Optional(nullable(count("Calls."), "Completed model calls; null when unknown.")),
    tool_calls: t.Optional(nullable(count("Calls."), "Executed tool calls; null when unknown.")),
    tokens_total: t.Optional(nullable(count("Tokens."), "Tokens of all model calls; null when unknown.")),
  },
  { $id: "RunListItem", description: "A run in a list." },
);

export const RunList = t.Object(
  { items: t.Array(RunListItem, { description: "Newest change first." }) },
  { $id: "RunList", description: "Runs that match the query." },
);

export const ListRunsQuery = t.Object({
  limit: t.Integer({ minimum: 1, maximum: 500, default: 50, description: "Most runs to answer." }),
  status: t.Optional(text("Only runs of this status.")),
  workflow_id: t.Optional(text("Only runs of this workflow; internal workflows too.")),
  session_id: t.Optional(text("Only runs of this session.")),
  root_only: t.Boolean({ default: false, description: "Only runs without a parent." }),
  include_ledger_len: t.Boolean({ default: true, description: "Add `ledger_len`." }),
  include_metrics: t.Boolean({ default: false, description: "Add steps, model calls, tool calls and tokens." }),
  include_drafts: t.Boolean({ default: false, description: "Include draft tests." }),
});

export const InputData = t.Object(
  {
    run_id: text("Id of the run."),
    workflow_id: text("Workflow of the run."),
    bundle_id: textOrNull("Bundle of the run."),
    bundle_version: t.Optional(text("Version of the bundle.")),
    flow_id: textOrNull("Flow in the bundle."),
    pin_ids: t.Array(t.String(), { description: "Start pins of the flow." }),
    input_data: jsonObject("What the run was started with, limited to the start pins where they are known."),
    workspace: jsonObject("Workspace fields of the start request."),
  },
  { $id: "RunInputData", description: "The input of a run." },
);

export const PurgeDraftsRequest = t.Object(
  {
    dry_run: t.Boolean({ default: true, description: "Only tell what would go." }),
    limit: t.Integer({ minimum: 1, maximum: 5000, default: 200, description: "Most runs to look at." }),
    session_id: optionalText("Only drafts of this session."),
    workflow_id: optionalText("Only drafts of this workflow."),
    run_ids: t.Optional(nullable(t.Array(t.String(), { maxItems: 5000 }), "Only these runs.")),
    force: t.Boolean({ default: false, description: "Also drafts that have not expired." }),
    include_active: t.Boolean({ default: false, description: "Also drafts that are not over." }),
    delete_artifacts: t.Boolean({ default: true, description: "Remove the runs' artifacts." }),
    delete_workspaces: t.Boolean({ default: true, description: "Remove the workspaces that the gateway made." }),
  },
  { $id: "PurgeDraftsRequest", additionalProperties: false, description: "Which draft tests to remove." },
);
export type PurgeDraftsRequest = Static<typeof PurgeDraftsRequest>;

export const purgeReasons = [
  "missing",
  "not_ephemeral_draft",
  "active_run",
  "no_effective_expiration",
  "not_expired",
  "active_run_tree",
] as const;

const PurgeItem = t.Object(
  {
    run_id: text("Id of the run."),
    status: textOrNull("Its status; null when it is unknown."),
    workflow_id: textOrNull("Its workflow."),
    session_id: textOrNull("Its session."),
    run_lifecycle: nullable(t.Object({}, { additionalProperties: true }), "Its purpose and retention."),
    effective_expires_at: textOrNull("From when it may go."),
    eligible: flag("Whether it goes."),
    reason: nullable(oneOf(purgeReasons, "Why it stays."), "Why it stays; null when it goes."),
    purge: nullable(t.Object({}, { additionalProperties: true }), "What goes or went with it."),
  },
  { $id: "PurgeItem", description: "One run that was looked at." },
);

export const PurgeDraftsResponse = t.Object(
  {
    ok: flag("Always true."),
    dry_run: flag("Whether nothing was removed."),
    policy: t.Object(
      {
        purpose: text("Purpose of the runs that may go."),
        retention_mode: text("Retention of the runs that may go."),
        default_ttl_s: t.Number({ description: "Seconds that a draft without its own time is kept." }),
        terminal_statuses: t.Array(t.String(), { description: "Statuses of a run that is over." }),
      },
      { description: "The rule." },
    ),
    scanned: count("Runs looked at."),
    eligible: count("Runs that may go."),
    purged: count("Runs that went, children not counted."),
    skipped: count("Runs that stay."),
    items: t.Array(PurgeItem, { description: "Each run that was looked at." }),
  },
  { $id: "PurgeDraftsResponse", description: "What a purge found and did." },
);
