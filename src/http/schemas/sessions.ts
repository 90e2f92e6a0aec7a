import { Type as t } from "@sinclair/typebox";
import { count, flag, jsonObject, text, textOrNull } from "#http/schemas/fields.ts";
import { RunSummary } from "#http/schemas/runs.ts";

const sessionFields = {
  session_id: text("Id of the session."),
  runs: count("Root runs, without drafts."),
  live: count("Those that have not ended."),
  created_at: text("When its first run was started."),
  updated_at: text("When a run of it last changed."),
};

export const ListSessionsQuery = t.Object({
  limit: t.Integer({ default: 50, minimum: 1, maximum: 200, description: "Most sessions to answer." }),
  before: t.Optional(text("Only sessions last changed before this time: `next_before` of the page before.")),
  include_unnamed: t.Boolean({ default: false, description: "Also runs that nobody gave a session, each as one." }),
});

export const SessionList = t.Object(
  {
    items: t.Array(t.Object(sessionFields, { $id: "SessionItem", description: "Runs that belong together." }), {
      description: "Newest change first.",
    }),
    next_before: textOrNull("`before` of the next page; null when there is none."),
  },
  { $id: "SessionList", description: "Sessions of the caller." },
);

export const SessionQuery = t.Object({
  turn_limit: t.Integer({ default: 50, minimum: 0, maximum: 500, description: "Most turns to answer, the last ones." }),
});

export const SessionDetail = t.Object(
  {
    ...sessionFields,
    items: t.Array(RunSummary, { description: "Its root runs, newest change first, at most 500." }),
    turns: t.Array(jsonObject("What was asked and answered, as in a history bundle."), {
      description: "Oldest first.",
    }),
    has_memory: flag("Whether files or artifacts belong to the session as a whole."),
  },
  { $id: "SessionDetail", description: "A session with its runs and turns." },
);
