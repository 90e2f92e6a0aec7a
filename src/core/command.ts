import type { JsonObject, Value } from "#core/value.ts";

export const commandTypes = ["pause", "resume", "cancel", "emit_event", "update_schedule", "compact_memory"] as const;
export type CommandType = (typeof commandTypes)[number];

/** Who gave an answer, as the resume record tells it. */
export interface AnsweredBy {
  /** `tenant/user`. */
  principal: string;
  client_id: string | null;
}

export interface NewCommand {
  /** Idempotency key of the client, unique per principal. */
  command_id: string;
  run_id: string;
  type: CommandType;
  payload: JsonObject;
  ts: string;
  client_id: string | null;
  principal: string;
  /** The command reaches runs of this runtime only; null: of all. */
  runtime_id: string | null;
  /** Only of a command that was applied before it came here, in another store: it is kept with its outcome and never applied again. */
  past?: { outcome: CommandOutcome; applied_at: string };
}

/** What became of a command. `applied`: it did what it says. `ignored`: nothing to do. `refused`: it could not be applied. */
export interface CommandOutcome {
  status: "applied" | "ignored" | "refused";
  message: string;
  result?: Value;
}

export interface Command extends NewCommand {
  /** Position in the inbox of all runs, 1-based, growing, gaps allowed. */
  seq: number;
  applied_at: string | null;
  outcome: CommandOutcome | null;
}
