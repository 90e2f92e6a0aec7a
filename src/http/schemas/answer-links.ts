import { type Static, Type as t } from "@sinclair/typebox";
import { text, time } from "#http/schemas/fields.ts";

export const NewAnswerLink = t.Object(
  {
    ttl_s: t.Integer({
      minimum: 60,
      maximum: 604_800,
      default: 86_400,
      description: "The link ends so many seconds from now, a day unless said otherwise.",
    }),
  },
  { $id: "NewAnswerLink", description: "How long a link lasts." },
);
export type NewAnswerLink = Static<typeof NewAnswerLink>;

export const AnswerLink = t.Object(
  {
    url: text("Page that asks the question and takes one answer, without sign-in. Whoever has it may answer."),
    run_id: text("Run that waits."),
    wait_key: text("Key of the wait."),
    expires_at: time("When the link ends; it ends with the wait, too."),
  },
  { $id: "AnswerLink", description: "A link that answers one wait." },
);
