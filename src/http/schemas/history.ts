import { Type as t } from "@sinclair/typebox";
import { count, flag, jsonObject, mapOf, nullable, oneOf, text, textOrNull } from "#http/schemas/fields.ts";
import { ForkedFrom } from "#http/schemas/runs.ts";
import { LedgerRecord } from "#http/schemas/ledger.ts";

export const HistoryQuery = t.Object({
  include_subruns: t.Boolean({ default: true, description: "Include child runs." }),
  include_lineage: t.Boolean({ default: false, description: "Include the ancestors' records up to each fork." }),
  include_session: t.Boolean({ default: false, description: "Include the turns of the session." }),
  session_turn_limit: t.Integer({ minimum: 1, maximum: 500, default: 200, description: "Most turns, the last ones." }),
  ledger_mode: t.String({ default: "tail", description: "`tail` or `full`." }),
  ledger_max_items: t.Integer({
    minimum: 0,
    maximum: 20000,
    default: 2000,
    description: "Most records of each run in tail mode; 0 means all.",
  }),
});

const HistoryRun = t.Object(
  {
    run_id: text("Id of the run."),
    workflow_id: text("Workflow of the run."),
    status: text("Status of the run."),
    current_node: textOrNull("Node that it stands at."),
    created_at: text("When it was started."),
    updated_at: text("When it last changed."),
    actor_id: textOrNull("Who owns it."),
    session_id: textOrNull("Its session."),
    parent_run_id: textOrNull("Its parent."),
    forked_from: nullable(ForkedFrom, "Where it began, when it is a fork."),
    error: textOrNull("Why it failed or was cancelled."),
    waiting: nullable(t.Object({}, { additionalProperties: true }), "The whole wait, or null."),
    output: t.Unknown({ description: "Output of a completed run." }),
  },
  { $id: "HistoryRun", description: "The run that was exported." },
);

const CursorRecord = t.Object({ cursor: count("Place in the ledger."), record: LedgerRecord });

const HistoryLedger = t.Object(
  {
    run_id: text("Id of the run."),
    total: count("Records in the ledger."),
    cursor_start: count("Cursor of the first item."),
    cursor_end: count("Cursor of the last item."),
    items: t.Array(CursorRecord, { description: "Records." }),
    artifacts: t.Array(t.Object({}, { additionalProperties: true }), {
      description: "Artifacts, at most 500, oldest first.",
    }),
  },
  { $id: "HistoryLedger", description: "A window of a run's ledger." },
);

const TimelineRow = t.Object(
  {
    run_id: text("Run of the record."),
    cursor: count("Place in its ledger."),
    node_id: text("Node."),
    status: text("Status of the step."),
    effect_type: textOrNull("Type of the effect."),
    started_at: text("When the step began."),
    ended_at: text("When it ended; its beginning when it has not."),
    duration_ms: t.Number({ description: "Duration." }),
  },
  { $id: "TimelineRow", description: "A record in short." },
);

const LineageEntry = t.Object(
  {
    ...ForkedFrom.properties,
    workflow_id: textOrNull("Its workflow; null when it is gone."),
    available: flag("Whether it is still there."),
    ledger: t.Optional(
      t.Array(CursorRecord, { description: "Its records up to the cursor, when they were asked for." }),
    ),
  },
  { $id: "LineageEntry", description: "One ancestor of a fork." },
);

const SessionTurn = t.Object(
  {
    run_id: text("Run of the turn."),
    workflow_id: text("Its workflow."),
    kind: oneOf(["chat", "run", "scheduled"], "Kind of the turn."),
    status: text("Status of the run."),
    created_at: text("When it began."),
    updated_at: text("When it last changed."),
    prompt: textOrNull("What was asked."),
    prompt_metadata: nullable(t.Object({}, { additionalProperties: true }), "Metadata that came with the prompt."),
    attachments: t.Array(t.Unknown({ description: "An artifact reference." }), {
      description: "Attachments of the prompt.",
    }),
    answer: textOrNull("What was answered."),
    answer_meta: nullable(t.Object({}, { additionalProperties: true }), "Metadata of the answer."),
    stats: t.Object({}, { additionalProperties: true, description: "Duration, calls, tokens." }),
    artifacts: t.Array(t.Object({}, { additionalProperties: true }), { description: "Artifacts of the turn." }),
  },
  { $id: "SessionTurn", description: "One turn of a session." },
);

export const HistoryBundle = t.Object(
  {
    version: t.Integer({ description: "Version of this shape: 1." }),
    generated_at: text("When it was made."),
    root_run_id: text("Run that was asked for."),
    run: HistoryRun,
    workflow_snapshot: nullable(
      t.Object({}, { additionalProperties: true }),
      "The version of the flow that the run keeps.",
    ),
    input_data: jsonObject("Vars of the run without internal ones."),
    ledgers: mapOf(HistoryLedger, "Ledgers by run id, the root first."),
    timeline: t.Array(TimelineRow, { description: "Records of each run, run by run." }),
    lineage: t.Array(LineageEntry, { description: "Where a fork comes from, nearest first; empty for other runs." }),
    session: nullable(
      t.Object({ session_id: text("The session."), turns: t.Array(SessionTurn, { description: "Oldest first." }) }),
      "Turns of the session, when they were asked for.",
    ),
    truncated: t.Optional(flag("Whether there are more child runs than were exported.")),
  },
  { $id: "HistoryBundle", description: "Everything that is needed to show a run again." },
);
