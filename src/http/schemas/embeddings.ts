import { type Static, Type as t } from "@sinclair/typebox";
import { anyValue, count, flag, jsonObject, optionalText, text, textOrNull } from "#http/schemas/fields.ts";

export const EmbeddingsRequest = t.Object(
  {
    input: anyValue("A text, or a list of texts."),
    provider: optionalText("Provider; the configured one when absent."),
    model: optionalText("Model; the configured one when absent."),
  },
  { $id: "EmbeddingsRequest", description: "Texts to turn into vectors." },
);
export type EmbeddingsRequest = Static<typeof EmbeddingsRequest>;

const Vector = t.Object(
  {
    object: text("embedding"),
    index: count("Which of the texts."),
    embedding: t.Array(t.Number(), { description: "The vector." }),
  },
  { $id: "Embedding", description: "The vector of one text." },
);

export const Embeddings = t.Object(
  {
    object: text("list"),
    provider: text("Provider that made them."),
    model: text("Model that made them."),
    dimension: count("Length of the vectors."),
    data: t.Array(Vector, { description: "One per text, in order." }),
  },
  { $id: "Embeddings", description: "Vectors of texts." },
);

export const EmbeddingsConfig = t.Object(
  {
    ok: flag("Whether embeddings can be made."),
    route: text("embedding.text"),
    provider: textOrNull("Provider that is used."),
    model: textOrNull("Model that is used."),
    base_url: textOrNull("Not told."),
    dimension: t.Union([t.Integer(), t.Null()], { description: "Length of the vectors, when it is known." }),
    error: t.Optional(text("Why none can be made.")),
  },
  { $id: "EmbeddingsConfig", description: "Who makes embeddings." },
);

export const OpenAiEmbeddingsRequest = t.Object(
  {
    model: text("`<provider>/<model>`, or the name of a model."),
    input: anyValue("A text, or a list of texts."),
    encoding_format: optionalText("How vectors are written: numbers, or 32-bit floats in base64."),
    dimensions: t.Optional(
      t.Union([t.Integer(), t.Null()], { description: "Not supported: vectors are as long as the model makes them." }),
    ),
  },
  { $id: "OpenAiEmbeddingsRequest", additionalProperties: true, description: "As OpenAI's clients send it." },
);
export type OpenAiEmbeddingsRequest = Static<typeof OpenAiEmbeddingsRequest>;

export const OpenAiEmbeddings = t.Object(
  {
    object: text("list"),
    model: text("The model that was asked."),
    data: t.Array(jsonObject("`{object, index, embedding}`."), { description: "One per text, in order." }),
    usage: jsonObject("`{prompt_tokens, total_tokens}`."),
  },
  { $id: "OpenAiEmbeddings", description: "Vectors in OpenAI's shape." },
);
