import { Type as t } from "@sinclair/typebox";
import { anyValue, count, jsonObject, nullable, oneOf, text, textOrNull } from "#http/schemas/fields.ts";

const PromptMessage = t.Object(
  { role: text("`system`, `user`, `assistant` or `tool`."), content: anyValue("What was said.") },
  { additionalProperties: true, $id: "PromptMessage", description: "A message; tool calls and their ids are beside." },
);

const PromptAttachment = t.Object(
  {
    artifact_id: textOrNull("The artifact, when it is one."),
    filename: textOrNull("Its name."),
    content_type: textOrNull("Its type."),
    source: oneOf(["artifact", "path", "url", "inline"] as const, "Where it came from."),
  },
  { $id: "PromptAttachment", description: "A file that went with the question." },
);

export const StepPrompt = t.Object(
  {
    run_id: text("Run of the step."),
    step_id: text("The step."),
    node_id: text("Its node."),
    cursor: count("Number of the record that says it, in the run's ledger."),
    status: text("What became of the step, as of its last record."),
    provider: textOrNull("Who answered, or who is asked."),
    model: textOrNull("Model that answered, or that is asked."),
    messages: t.Array(PromptMessage, { description: "In the order in which the model read them." }),
    tools: t.Array(text("Name of a tool."), { description: "Tools that it was offered." }),
    params: jsonObject("Temperature and the like."),
    response_schema: nullable(jsonObject("JSON Schema of the answer.")),
    attachments: t.Array(PromptAttachment, { description: "Files that went with it." }),
    missing: t.Array(text("Id of an artifact."), {
      description: "Parts of the question that were moved to artifacts which are gone.",
    }),
  },
  { $id: "StepPrompt", description: "What a model was shown at a step." },
);
