import { type Static, type TProperties, Type as t } from "@sinclair/typebox";
import { flag, jsonObject, nullable, text, textOrNull } from "#http/schemas/fields.ts";

const short = (maxLength: number, description: string) => t.Optional(nullable(t.String({ maxLength }), description));
const whole = (minimum: number, maximum: number, description: string) =>
  t.Optional(nullable(t.Integer({ minimum, maximum }), description));
const decimal = (description: string, range: { minimum?: number; maximum?: number; exclusiveMinimum?: number } = {}) =>
  t.Optional(nullable(t.Number(range), description));
const yesOrNo = (description: string) => t.Optional(nullable(t.Boolean(), description));
const seed = t.Optional(nullable(t.Integer(), "For results that can be repeated."));
const ref = (description: string) =>
  t.Union([t.Object({}, { additionalProperties: true }), t.String()], {
    description: `${description}: \`{"$artifact": id}\`.`,
  });

const requestId = short(
  160,
  "The same id with the same request answers the run that is there already; another request gets 422.",
);
const extra = t.Optional(nullable(t.Object({}, { additionalProperties: true }), "Fields of the server's own."));
const llmPair = {
  provider: short(80, "Not used: provider of language models."),
  model: short(240, "Not used: language model."),
};
const imagePair = {
  ...llmPair,
  image_provider: short(80, "Who makes it; the configured one when absent."),
  image_model: short(240, "Model; the configured one when absent."),
};
const batch = {
  seed,
  count: whole(1, 64, "How many."),
  n: whole(1, 64, "The same under OpenAI's name."),
  seeds: t.Optional(nullable(t.Array(t.Integer(), { maxItems: 64 }), "One for each.")),
};
const diffusion = {
  steps: whole(1, 1000, "Steps of the model."),
  guidance_scale: decimal("How closely the text is followed."),
  guidance_2: decimal("The same for a second stage."),
  lora_adapters: t.Optional(nullable(t.Array(jsonObject("An adapter."), { maxItems: 64 }), "Adapters, in order.")),
};
const imageFields = {
  prompt: t.String({ maxLength: 20_000, description: "What is to be seen." }),
  ...imagePair,
  size: short(32, "Such as `1024x1024`."),
  width: whole(1, 8192, "Pixels."),
  height: whole(1, 8192, "Pixels."),
  format: short(16, "`png` (default), `jpeg` or `webp`."),
  negative_prompt: short(8000, "What is not to be seen."),
  ...batch,
  ...diffusion,
  steps: whole(1, 500, "Steps of the model."),
  quality: short(32, "As the model names it."),
  style: short(64, "As the model names it."),
  request_id: requestId,
  extra,
};
const videoFields = {
  prompt: t.String({ maxLength: 20_000, description: "What is to be seen." }),
  ...llmPair,
  video_provider: short(120, "Who makes it; the configured one when absent."),
  video_model: short(240, "Model; the configured one when absent."),
  width: whole(1, 8192, "Pixels."),
  height: whole(1, 8192, "Pixels."),
  fps: whole(1, 240, "Frames per second."),
  frames: whole(1, 2000, "Frames."),
  num_frames: whole(1, 2000, "The same under another name."),
  duration_s: decimal("Seconds.", { exclusiveMinimum: 0, maximum: 3600 }),
  format: short(16, "`mp4`."),
  negative_prompt: short(8000, "What is not to be seen."),
  ...batch,
  ...diffusion,
  flow_shift: decimal("Of models that have it."),
  request_id: requestId,
  extra,
};

const request = <T extends TProperties>($id: string, fields: T, description: string) =>
  t.Object(fields, { $id, description });

export const SpeechRequest = request(
  "SpeechRequest",
  {
    text: t.String({ maxLength: 100_000, description: "What is said." }),
    provider: short(80, "Who speaks; the configured one when absent."),
    voice: short(240, "Voice."),
    profile: short(240, "Profile of a voice, where there is no voice."),
    model: short(240, "Model; the configured one when absent."),
    format: short(16, "`wav` (default), `mp3`, or another that the provider has."),
    speed: decimal("1 is the voice's own.", { exclusiveMinimum: 0, maximum: 10 }),
    quality_preset: short(16, "`low`, `standard` or `high`."),
    quality: short(16, "The same."),
    instructions: short(8000, "How it is said."),
    request_id: requestId,
  },
  "A text to speak.",
);

export const TranscribeRequest = request(
  "TranscribeRequest",
  {
    audio_artifact: ref("The recording"),
    language: short(32, "Language of the recording."),
    provider: short(80, "Who writes; the configured one when absent."),
    model: short(240, "Model; the configured one when absent."),
    prompt: short(20_000, "Names and words that come up."),
    response_format: short(64, "Not used: the text is what counts."),
    temperature: decimal("Of the model.", { minimum: 0, maximum: 2 }),
    format: short(32, "Not used."),
    request_id: requestId,
  },
  "A recording to write down.",
);

export const ImageRequest = request("ImageRequest", imageFields, "An image to make.");
export const ImageEditRequest = request(
  "ImageEditRequest",
  {
    ...imageFields,
    image_artifact: ref("The image"),
    mask_artifact: t.Optional(nullable(ref("Where it may change"))),
    strength: decimal("How far it may change.", { minimum: 0, maximum: 1 }),
  },
  "An image to change.",
);
export const UpscaleRequest = request(
  "UpscaleRequest",
  {
    image_artifact: ref("The image"),
    ...imagePair,
    format: short(16, "`png` (default), `jpeg` or `webp`."),
    scale: short(32, "Such as `2x`."),
    resolution: t.Optional(
      t.Union(
        [
          t.Integer({ minimum: 1, maximum: 16_384 }),
          t.String({ pattern: "^[0-9]+(?:\\.[0-9]+)?x?$", maxLength: 16 }),
          t.Null(),
        ],
        {
          description: "Pixels of the longer side, or a factor such as `2x`.",
        },
      ),
    ),
    softness: decimal("How smooth.", { minimum: 0, maximum: 1 }),
    seed,
    quantize: whole(1, 16, "Bits of the model's numbers."),
    vae_tiling: yesOrNo("In tiles, with less memory."),
    request_id: requestId,
    extra,
  },
  "An image to make larger.",
);
export const VideoRequest = request("VideoRequest", videoFields, "A video to make.");
export const ImageVideoRequest = request(
  "ImageVideoRequest",
  { ...videoFields, image_artifact: ref("The first image") },
  "A video to make of an image.",
);
export const MusicRequest = request(
  "MusicRequest",
  {
    prompt: t.String({ maxLength: 20_000, description: "What is to be heard." }),
    task: short(64, "`text_to_music` (default), `text_to_audio` or `lyrics_to_music`."),
    ...llmPair,
    music_provider: short(120, "Who makes it; the configured one when absent."),
    music_model: short(240, "Model; the configured one when absent."),
    lyrics: short(20_000, "What is sung."),
    duration_s: decimal("Seconds.", { exclusiveMinimum: 0, maximum: 3600 }),
    seed,
    num_inference_steps: whole(1, 2000, "Steps of the model."),
    guidance_scale: decimal("How closely the text is followed."),
    instrumental: yesOrNo("Without a voice."),
    enhance_prompt: yesOrNo("The server may write a better prompt."),
    structure_prompt: yesOrNo("The server may plan the piece."),
    auto_lyrics: yesOrNo("The server may write the words."),
    text_planner_mode: short(32, "As the server names it."),
    format: short(16, "`wav` (default), `mp3` or `flac`."),
    request_id: requestId,
    extra,
  },
  "Music or a sound to make.",
);

export type SpeechRequest = Static<typeof SpeechRequest>;
export type TranscribeRequest = Static<typeof TranscribeRequest>;

const ArtifactRef = jsonObject("`{$artifact, content_type, filename, size_bytes, sha256}`.");
const about = {
  ok: flag("Whether it was made."),
  run_id: text("The run that it belongs to."),
  request_id: text("The request's id."),
};
const outcome = {
  supported: flag("Whether the gateway can make it."),
  child_run_id: textOrNull("The run that made it; its ledger tells of the progress."),
  code: textOrNull("Why not, for programs."),
  error: textOrNull("Why not, for people."),
};
const event = { event_name: textOrNull("Name of the progress events in the child's ledger.") };

export const SpeechReply = t.Object(
  { ...about, child_run_id: text("The run that made it."), audio_artifact: ArtifactRef },
  { $id: "SpeechReply", description: "The recording." },
);
export const TranscribeReply = t.Object(
  {
    ...about,
    child_run_id: text("The run that made it."),
    text: text("What was said."),
    transcript_artifact: ArtifactRef,
  },
  { $id: "TranscribeReply", description: "What was said." },
);
export const ImageReply = t.Object(
  {
    ...about,
    ...outcome,
    ...event,
    image_artifact: nullable(ArtifactRef, "The first."),
    image_artifacts: t.Array(ArtifactRef, { description: "All." }),
  },
  { $id: "ImageReply", description: "The images, or why there are none." },
);
export const VideoReply = t.Object(
  {
    ...about,
    ...outcome,
    ...event,
    video_artifact: nullable(ArtifactRef, "The first."),
    video_artifacts: t.Array(ArtifactRef, { description: "All." }),
  },
  { $id: "VideoReply", description: "The videos, or why there are none." },
);
export const MusicReply = t.Object(
  { ...about, ...outcome, music_artifact: nullable(ArtifactRef, "The recording.") },
  { $id: "MusicReply", description: "The recording, or why there is none." },
);
export const AcceptedMedia = t.Object(
  { ...about, child_run_id: text("The run that makes it."), status: text("Of that run.") },
  { $id: "AcceptedMedia", description: "The answer to `Prefer: respond-async`: it is being made." },
);
