import { type Static, Type as t } from "@sinclair/typebox";
import { count, jsonObject, nullable, optionalText, text } from "#http/schemas/fields.ts";

const model = optionalText("`<provider>/<model>` or the name of a model; the configured one when absent.");
const prompt = t.String({ maxLength: 20_000, description: "What is to be seen." });
const n = t.Optional(nullable(t.Integer({ minimum: 1, maximum: 10 }), "How many."));
const size = optionalText("Such as `1024x1024`.");
const file = (description: string) => t.String({ format: "binary", description });

export const OpenAiSpeechRequest = t.Object(
  {
    model,
    input: t.String({ maxLength: 100_000, description: "What is said." }),
    voice: optionalText("Voice."),
    response_format: optionalText("`mp3` (default), `wav`, `opus`, `aac`, `flac` or `pcm`, as the provider has it."),
    speed: t.Optional(nullable(t.Number({ minimum: 0.25, maximum: 4 }), "1 is the voice's own.")),
    instructions: optionalText("How it is said."),
  },
  { $id: "OpenAiSpeechRequest", additionalProperties: true, description: "As OpenAI's clients send it." },
);
export type OpenAiSpeechRequest = Static<typeof OpenAiSpeechRequest>;

export const OpenAiImageRequest = t.Object(
  {
    model,
    prompt,
    n,
    size,
    quality: optionalText("As the model names it."),
    style: optionalText("As the model names it."),
    background: optionalText("As the model names it."),
    output_format: optionalText("`png`, `jpeg` or `webp`."),
    response_format: optionalText("`b64_json`: nothing is kept that an address could lead to."),
  },
  { $id: "OpenAiImageRequest", additionalProperties: true, description: "As OpenAI's clients send it." },
);
export type OpenAiImageRequest = Static<typeof OpenAiImageRequest>;

export const OpenAiTranscriptionForm = t.Object(
  {
    file: file("The recording."),
    model,
    language: optionalText("Language of the recording."),
    prompt: optionalText("Names and words that come up."),
    temperature: optionalText("Of the model."),
    response_format: optionalText("`json` (default) or `text`."),
  },
  { $id: "OpenAiTranscriptionForm", description: "A recording, as OpenAI's clients send it." },
);

export const OpenAiImageEditForm = t.Object(
  {
    image: file("The image."),
    mask: t.Optional(file("Where it may change.")),
    prompt: text("What is to change."),
    model,
    n: optionalText("How many."),
    size,
    response_format: optionalText("`b64_json`."),
  },
  { $id: "OpenAiImageEditForm", description: "An image to change, as OpenAI's clients send it." },
);

export const OpenAiImages = t.Object(
  { created: count("Unix time."), data: t.Array(jsonObject("`{b64_json}`."), { description: "The images." }) },
  { $id: "OpenAiImages", description: "Images in OpenAI's shape." },
);
export const OpenAiTranscription = t.Object(
  { text: text("What was said.") },
  { $id: "OpenAiTranscription", description: "What was said, in OpenAI's shape." },
);
