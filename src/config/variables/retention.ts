import { gateway, number } from "#config/variable.ts";

const day = 86_400;
const manyDays = { min: 0, max: 100_000, whole: false };

/** What goes by itself, and when. */
export const retention = {
  runsDays: number(gateway("RETENTION_RUNS_DAYS"), {
    ...manyDays,
    preset: 0,
    meaning: "Ended runs go so many days after their last change, with records, artifacts and workspaces; 0: never",
  }),
  statesDays: number(gateway("RETENTION_STATES_DAYS"), {
    ...manyDays,
    preset: 7,
    meaning: "Of ended runs only the first and the last state stay; their records stay all; 0: all states stay",
  }),
  artifactsDays: number(gateway("RETENTION_ARTIFACTS_DAYS"), {
    ...manyDays,
    preset: 0,
    meaning: "Artifacts that belong to no run, and that no run mentions, go after so many days; 0: never",
  }),
  draftTtlS: number([...gateway("DRAFT_RUN_RETENTION_TTL_S"), ...gateway("DRAFT_RUN_TTL_S")], {
    preset: 7 * day,
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
    meaning: "Age in seconds at which ephemeral draft runs go",
  }),
  gcIntervalS: number(gateway("GC_INTERVAL_S"), {
    preset: 3600,
    min: 0,
    max: 30 * day,
    meaning: "So often the process with the runner removes what may go; 0: only `abstractgateway gc` does",
  }),
};
