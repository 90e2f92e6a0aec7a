import { type Static, Type as t } from "@sinclair/typebox";
import { anyValue, count, flag, jsonObject, optionalText, text, textOrNull } from "#http/schemas/fields.ts";

const asked = {
  provider: optionalText("Provider to ask; the run's own, else the gateway's default, when absent."),
  model: optionalText("Model to ask."),
  include_subruns: t.Boolean({ default: true, description: "Child runs too." }),
};

const TalkMessage = t.Object(
  {
    role: text("`user`, `assistant` or `system`."),
    content: text("What was said."),
    ts: t.Optional(anyValue("When it was said.")),
  },
  { $id: "TalkMessage", description: "A message of a conversation about a run." },
);

const messages = t.Array(TalkMessage, { default: [], maxItems: 1000, description: "The conversation, oldest first." });

const said = {
  ok: flag("Always true."),
  run_id: text("The run."),
  provider: text("Who was asked."),
  model: text("Which model answered."),
  generated_at: text("When."),
};

export const SummarizeRunRequest = t.Object(asked, {
  $id: "SummarizeRunRequest",
  description: "Whom to ask for a summary.",
});
export type SummarizeRunRequest = Static<typeof SummarizeRunRequest>;

export const RunSummaryText = t.Object(
  { ...said, summary: text("What happened in the run.") },
  { $id: "RunSummaryText", description: "A summary. It stands in the run's ledger as an event `abstract.summary`." },
);

export const RunChatRequest = t.Object(
  {
    ...asked,
    messages,
    persist: t.Boolean({ default: false, description: "Keep question and answer in the ledger, as `abstract.chat`." }),
  },
  { $id: "RunChatRequest", description: "A question about a run, with what was said before." },
);
export type RunChatRequest = Static<typeof RunChatRequest>;

export const RunChatReply = t.Object(
  { ...said, answer: text("The answer.") },
  { $id: "RunChatReply", description: "An answer about a run." },
);

export const SaveChatThreadRequest = t.Object(
  { ...asked, messages, title: optionalText("Name for people.") },
  { $id: "SaveChatThreadRequest", description: "A conversation about a run, to be kept." },
);
export type SaveChatThreadRequest = Static<typeof SaveChatThreadRequest>;

export const SavedChatThread = t.Object(
  {
    ok: flag("Always true."),
    run_id: text("The run."),
    workflow_id: text("Its workflow."),
    thread_id: text("Id of the conversation: the same messages have the same."),
    created_at: text("When it was kept."),
    duplicate: flag("Whether it was kept before: then nothing was written."),
    title: textOrNull("Name for people."),
    message_count: count("Messages."),
    chat_artifact: jsonObject("The artifact with the conversation."),
  },
  {
    $id: "SavedChatThread",
    description: "A conversation that was kept. The ledger has it as an event `abstract.chat.thread`.",
  },
);
