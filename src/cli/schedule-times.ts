import type { ArgsDef } from "citty";
import { AppError } from "#core/errors.ts";
import { overlapPolicies } from "#core/schedule.ts";
import type { ScheduleTimes } from "#sdk/wire.ts";
import { optionValues, wholeNumber } from "#cli/flags.ts";

/** Options that say when; the same for a new schedule and for a change. */
export const timesArgs = {
  interval: { type: "string", valueHint: "duration", description: "Time from one run to the next, such as 30m" },
  cron: {
    type: "string",
    valueHint: "pattern",
    description: "Cron pattern of 5 or 6 fields; may be given several times",
  },
  timezone: { type: "string", valueHint: "name", description: "Time zone of the patterns, such as Europe/Berlin" },
  "repeat-count": { type: "string", valueHint: "number", description: "So many runs" },
  "repeat-until": { type: "string", valueHint: "time", description: "No run after this ISO time" },
  overlap: {
    type: "string",
    description: `When a time comes while the last run works: ${overlapPolicies.join(", ")}`,
  },
  "catchup-window": {
    type: "string",
    valueHint: "duration",
    description: "A time missed by more than this is not made up for",
  },
  jitter: { type: "string", valueHint: "duration", description: "Up to so much later, at random" },
  "pause-on-failure": { type: "string", valueHint: "yes|no", description: "Pause when a run fails" },
  note: { type: "string", description: "For people" },
} as const satisfies ArgsDef;

type TimesArgs = { [Key in keyof typeof timesArgs]?: string | undefined };

/** What the options say; what is not given is left out. AppError `invalid_request` names an option that cannot be read. */
export function timesOf(args: TimesArgs, rawArgs: string[]): ScheduleTimes {
  const cron = optionValues(rawArgs, "cron");
  const { interval, timezone, overlap, jitter, note } = args;
  const count = args["repeat-count"];
  const until = args["repeat-until"];
  const window = args["catchup-window"];
  const pauses = args["pause-on-failure"];
  return {
    ...(interval === undefined ? {} : { interval }),
    ...(cron.length === 0 ? {} : { cron }),
    ...(timezone === undefined ? {} : { timezone }),
    ...(count === undefined ? {} : { repeat_count: wholeNumber("repeat-count", count, { min: 1, max: 10_000 }) }),
    ...(until === undefined ? {} : { repeat_until: until }),
    ...(overlap === undefined ? {} : { overlap }),
    ...(window === undefined ? {} : { catchup_window: window }),
    ...(jitter === undefined ? {} : { jitter }),
    ...(pauses === undefined ? {} : { pause_on_failure: yesOrNo("pause-on-failure", pauses) }),
    ...(note === undefined ? {} : { note }),
  };
}

function yesOrNo(name: string, text: string): boolean {
  if (/^(yes|true|1)$/i.test(text)) return true;
  if (/^(no|false|0)$/i.test(text)) return false;
  throw new AppError("invalid_request", `Option '--${name}' must be yes or no, not '${text}'.`);
}
