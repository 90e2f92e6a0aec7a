import { type Static, Type as t } from "@sinclair/typebox";
import { runStatuses } from "#core/run.ts";
import { count, flag, jsonObject, nullable, oneOf, optionalText, text, textOrNull } from "#http/schemas/fields.ts";
import { ForkedFrom } from "#http/schemas/runs.ts";

export const ForkRunRequest = t.Object(
  {
    at: t.Optional(
      nullable(
        t.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
        "Cursor to go on from; the head when absent, 0 to run again. In the middle of a commit it means the commit before.",
      ),
    ),
    input_data: t.Object({}, { additionalProperties: true, default: {}, description: "Put over the vars." }),
    bundle_version: optionalText("Another installed version of the run's bundle."),
    session_id: optionalText("Session of the fork; the run's own when absent."),
  },
  { $id: "ForkRunRequest", additionalProperties: false, description: "From where to go on, and with what." },
);
export type ForkRunRequest = Static<typeof ForkRunRequest>;

export const ForkRunResponse = t.Object(
  {
    run_id: text("Id of the new run, durable when this is answered."),
    forked_from: ForkedFrom,
  },
  { $id: "ForkRunResponse", description: "The new run, and the cursor that it really began at." },
);

export const StateQuery = t.Object({
  at: t.Optional(
    t.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: "Cursor; the head when absent." }),
  ),
  include_internal: t.Boolean({
    default: false,
    description: "Also the engine's own vars, whose names begin with `_`.",
  }),
});

export const RunState = t.Object(
  {
    run_id: text("Id of the run."),
    cursor: count(
      "The commit that the state belongs to: its last record is at the cursor that was asked for, or before.",
    ),
    head: count("Cursor of the run's last record now."),
    status: oneOf(runStatuses, "Status at the cursor."),
    node_id: text("Node that it stood at."),
    waiting: nullable(t.Object({}, { additionalProperties: true }), "What it waited for."),
    record_hash: textOrNull("Hash of the record at the cursor."),
    can_fork: flag("Whether a fork can go on from here."),
    vars: jsonObject("The vars."),
  },
  { $id: "RunState", description: "A run as of a cursor." },
);
