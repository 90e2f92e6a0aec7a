import { type Static, Type as t } from "@sinclair/typebox";
import { commandTypes } from "#core/command.ts";
import { anyValue, flag, nullable, oneOf, optionalText, text, textOrNull, time } from "#http/schemas/fields.ts";

export const SubmitCommandRequest = t.Object(
  {
    command_id: text("Idempotency key of the client; made by the server when blank."),
    run_id: text("Run that the command is for."),
    type: text(`One of ${commandTypes.join(", ")}.`),
    payload: t.Object(
      {},
      {
        additionalProperties: true,
        default: {},
        description: "`resume` with a key `payload` answers a wait; without it, it ends a pause.",
      },
    ),
    ts: optionalText("Time of the client; now when absent."),
    client_id: optionalText("Who sends it, as the client calls itself."),
  },
  { $id: "SubmitCommandRequest", description: "A durable command for a run." },
);
export type SubmitCommandRequest = Static<typeof SubmitCommandRequest>;

export const SubmitCommandResponse = t.Object(
  {
    accepted: flag("Whether this request stored the command."),
    duplicate: flag("Whether the command id was known already."),
    seq: t.Integer({ description: "Place of the command in the inbox." }),
  },
  {
    $id: "SubmitCommandResponse",
    description: "Acceptance; the effect follows and is read from the command or the ledger.",
  },
);

const Outcome = t.Object(
  {
    status: oneOf(["applied", "ignored", "refused"], "What became of the command."),
    message: text("In words."),
    result: t.Optional(anyValue("What it brought about, where there is something to tell.")),
  },
  { $id: "CommandOutcome", description: "What became of a command." },
);

export const CommandStatus = t.Object(
  {
    command_id: text("Id of the command."),
    run_id: text("Run that it is for."),
    type: oneOf(commandTypes, "Type of the command."),
    seq: t.Integer({ description: "Place in the inbox." }),
    ts: time("When it was sent."),
    applied_at: textOrNull("When it was dealt with; null while it waits."),
    outcome: nullable(Outcome, "Null while it waits."),
  },
  { $id: "CommandStatus", description: "A command and its outcome." },
);
