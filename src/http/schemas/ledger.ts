import { type Static, Type as t } from "@sinclair/typebox";
import { recordStatuses } from "#core/record.ts";
import { anyValue, count, jsonObject, mapOf, nullable, oneOf, text, textOrNull, time } from "#http/schemas/fields.ts";

const RecordEffect = t.Object(
  {
    type: text("Type of the effect, or `resume`."),
    payload: jsonObject("What was asked for."),
    result_key: textOrNull("Path in the run's vars that gets the result."),
  },
  { $id: "RecordEffect", description: "The side effect that a record is about." },
);

export const LedgerRecord = t.Object(
  {
    run_id: text("Run that the record belongs to."),
    step_id: text("Shared by the records of one step."),
    node_id: text("Node of the flow."),
    status: oneOf(recordStatuses, "What happened to the step."),
    effect: nullable(RecordEffect, "Null for the completion of a run."),
    result: anyValue("Result of the step; `{wait}` for a wait."),
    error: textOrNull("Why a step failed."),
    started_at: time("When the step began."),
    ended_at: textOrNull("When it ended; null for an intent."),
    actor_id: textOrNull("Who owns the run."),
    session_id: textOrNull("Session of the run."),
    attempt: t.Integer({ minimum: 1, description: "Number of the attempt." }),
    idempotency_key: textOrNull("Key of the effect; `system:…` for rows of the engine."),
    prev_hash: textOrNull("Hash of the record before."),
    record_hash: textOrNull("SHA-256 over the previous hash and this record."),
    signature: textOrNull("Reserved."),
  },
  { $id: "LedgerRecord", description: "One row of a run's append-only ledger." },
);

export const LedgerPage = t.Object(
  {
    items: t.Array(LedgerRecord, { description: "Records after the cursor, in order." }),
    next_after: count("Cursor after these records."),
  },
  { $id: "LedgerPage", description: "A page of a ledger; empty at its end." },
);

export const LedgerQuery = t.Object({
  after: t.Integer({ minimum: 0, default: 0, description: "Records already consumed." }),
  limit: t.Integer({ minimum: 1, maximum: 2000, default: 200, description: "Most records to answer." }),
});

export const LedgerBatchRequest = t.Object(
  {
    runs: t.Array(
      t.Object({
        run_id: text("Run to read."),
        after: t.Optional(t.Integer({ minimum: 0, description: "Records already consumed; 0 when absent." })),
      }),
      { maxItems: 1000, description: "Runs and their cursors." },
    ),
    limit: t.Integer({ minimum: 1, maximum: 2000, default: 200, description: "Most records of each run." }),
  },
  { $id: "LedgerBatchRequest", description: "Cursors of several runs." },
);
export type LedgerBatchRequest = Static<typeof LedgerBatchRequest>;

export const LedgerBatchResponse = t.Object(
  { runs: mapOf(LedgerPage, "Pages by run id; unknown runs are left out.") },
  { $id: "LedgerBatchResponse", description: "A page of each run." },
);

export const StreamQuery = t.Object({
  after: t.Integer({
    minimum: 0,
    default: 0,
    description: "Records already consumed. `Last-Event-ID` counts when it is larger.",
  }),
  heartbeat_s: t.Number({
    exclusiveMinimum: 0.1,
    maximum: 60,
    default: 5,
    description: "Seconds of silence before a comment is sent.",
  }),
  deltas: t.Boolean({
    default: false,
    description:
      "Also send `delta` events: text of a model as it comes, not durable and without a cursor. Who comes in the middle of a step first gets all of its text so far, with `whole: true`.",
  }),
});
