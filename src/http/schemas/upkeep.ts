import { type Static, Type as t } from "@sinclair/typebox";
import { count, flag } from "#http/schemas/fields.ts";

const days = (description: string) => t.Optional(t.Number({ minimum: 0, maximum: 100_000, description }));

export const SweepRequest = t.Object(
  {
    dry_run: t.Boolean({ default: false, description: "Only tell what would go." }),
    runs_days: days("Ended runs go after so many days; 0: never. Default: as configured."),
    states_days: days("States of ended runs between the first and the last go; 0: never."),
    artifacts_days: days("Artifacts without a run that no run mentions go; 0: never."),
  },
  { $id: "SweepRequest", additionalProperties: false, description: "What may go, for this sweep." },
);
export type SweepRequest = Static<typeof SweepRequest>;

const Freed = (description: string) =>
  t.Object(
    {
      runs: count("Runs."),
      ledger_records: count("Their records."),
      artifacts: count("Their artifacts."),
      bytes: count("Of records and states."),
      artifact_bytes: count("Of the artifacts' content."),
    },
    { description },
  );
const Files = (description: string) =>
  t.Object({ count: count("How many."), bytes: count("Their size.") }, { description });

export const SweepResponse = t.Object(
  {
    dry_run: flag("Whether nothing was changed."),
    drafts: Freed("Expired draft tests."),
    runs: Freed("Ended runs that were old enough, whole trees of them."),
    states: t.Object(
      { runs: count("Runs that have only their first and last state now."), bytes: count("What that freed.") },
      { description: "States of ended runs." },
    ),
    artifacts: Files("Artifacts without a run."),
    blobs: Files("Files of artifacts that are gone."),
    workspaces: Files("Folders of runs that are gone."),
  },
  { $id: "SweepResponse", description: "What went, or would go." },
);
