import { type Static, Type as t } from "@sinclair/typebox";
import { anyValue, count, flag, jsonObject, optionalText, text } from "#http/schemas/fields.ts";

const ChatMessage = t.Object(
  {
    role: text("system, developer, user, assistant or tool."),
    content: t.Optional(anyValue("Text, or a list of parts of which the texts count.")),
    tool_calls: t.Optional(t.Array(jsonObject("`{id, type, function: {name, arguments}}`."))),
    tool_call_id: optionalText("The call that a tool message answers."),
    name: optionalText("Name of the tool."),
  },
  { $id: "ChatMessage", description: "One turn of a conversation." },
);

export const ChatCompletionRequest = t.Object(
  {
    model: text("`<provider>/<model>`, the name of a model, or `bundle:<bundle_id>` to run that bundle durably."),
    messages: t.Array(ChatMessage, { description: "The conversation so far." }),
    stream: t.Optional(flag("Answer as server-sent events.")),
    stream_options: t.Optional(jsonObject("`{include_usage}`.")),
    temperature: t.Optional(t.Union([t.Number(), t.Null()], { description: "Randomness." })),
    seed: t.Optional(t.Union([t.Integer(), t.Null()], { description: "For answers that can be repeated." })),
    max_tokens: t.Optional(
      t.Union([t.Integer({ minimum: 1 }), t.Null()], { description: "Longest answer, in tokens." }),
    ),
    max_completion_tokens: t.Optional(
      t.Union([t.Integer({ minimum: 1 }), t.Null()], { description: "The same under its newer name." }),
    ),
    stop: t.Optional(anyValue("A text, or several, at which the answer ends.")),
    prompt_cache_key: optionalText("Name of a cache for the beginning of the conversation."),
    reasoning_effort: optionalText("How hard to think: none, minimal, low, medium, high or xhigh."),
    tools: t.Optional(t.Array(jsonObject("`{type: function, function: {name, description, parameters}}`."))),
    response_format: t.Optional(jsonObject("`{type: json_schema, json_schema: {schema}}` or `{type: json_object}`.")),
  },
  { $id: "ChatCompletionRequest", additionalProperties: true, description: "As OpenAI's clients send it." },
);
export type ChatCompletionRequest = Static<typeof ChatCompletionRequest>;

export const ChatCompletion = t.Object(
  {
    id: text("Id of the answer; of the run, when the model is a bundle."),
    object: text("chat.completion"),
    created: count("Unix time."),
    model: text("The model that was asked."),
    choices: t.Array(jsonObject("`{index, message, finish_reason}`."), { description: "One answer." }),
    usage: jsonObject("`{prompt_tokens, completion_tokens, total_tokens}`."),
  },
  { $id: "ChatCompletion", description: "An answer in OpenAI's shape." },
);

export const OpenAiModels = t.Object(
  {
    object: text("list"),
    data: t.Array(jsonObject("`{id, object, created, owned_by}`."), { description: "Models and bundles." }),
  },
  { $id: "OpenAiModels", description: "What can be named as `model`." },
);
