import { AppError } from "#core/errors.ts";
import { type JsonObject, isObject } from "#core/value.ts";
import { type MediaOperation, given, renamed } from "#http/media/media-operation.ts";
import {
  ImageEditRequest,
  ImageReply,
  ImageRequest,
  ImageVideoRequest,
  MusicReply,
  MusicRequest,
  SpeechReply,
  SpeechRequest,
  TranscribeReply,
  TranscribeRequest,
  UpscaleRequest,
  VideoReply,
  VideoRequest,
} from "#http/schemas/media.ts";
import { RequestIssues } from "#http/errors.ts";
import { shown, shownText } from "#http/validation.ts";

const imageNames = [
  ..."size width height negative_prompt seed seeds steps guidance_scale guidance_2 lora_adapters".split(" "),
  ..."quality style extra".split(" "),
];
const videoNames = [
  ..."width height fps duration_s negative_prompt seed seeds steps guidance_scale guidance_2 flow_shift".split(" "),
  ..."lora_adapters extra".split(" "),
];
const musicNames = [
  ..."lyrics duration_s seed num_inference_steps guidance_scale instrumental enhance_prompt".split(" "),
  ..."structure_prompt auto_lyrics text_planner_mode extra".split(" "),
];

const prompt = (body: JsonObject) => textIn(body["prompt"]);
const image = { role: "source", field: "image_artifact", family: "image" } as const;

/** Who makes it, under the names of the kind. */
const pair = (body: JsonObject, kind: string) => ({
  ...renamed(body, "provider", `${kind}_provider`),
  ...renamed(body, "model", `${kind}_model`),
});
const imageOutput = (task: string, body: JsonObject, names: string[]): JsonObject => ({
  modality: "image",
  task,
  format: textIn(body["format"]) || "png",
  ...pair(body, "image"),
  ...given(body, ...names),
  ...countOf(body),
});
const videoOutput = (task: string, body: JsonObject): JsonObject => ({
  modality: "video",
  task,
  format: textIn(body["format"]) || "mp4",
  ...pair(body, "video"),
  ...given(body, ...videoNames),
  ...renamed(body, "num_frames", "num_frames", "frames"),
  ...countOf(body),
});

const imageReply = { reply: ImageReply, artifactField: "image_artifact", hasList: true };
const videoReply = { reply: VideoReply, artifactField: "video_artifact", hasList: true };

export const mediaOperations: readonly MediaOperation[] = [
  {
    path: "voice/tts",
    id: "speak",
    summary: "Speak a text",
    words: "TTS",
    task: "tts",
    body: SpeechRequest,
    reply: SpeechReply,
    code: null,
    sources: [],
    promptOf: (body) => textIn(body["text"]),
    outputOf: (body) => ({
      modality: "voice",
      task: "tts",
      format: textIn(body["format"]) || "wav",
      ...given(body, "provider", "model", "voice", "profile", "speed", "instructions"),
      ...renamed(body, "quality_preset", "quality_preset", "quality"),
    }),
    artifactField: "audio_artifact",
    hasList: false,
  },
  {
    path: "audio/transcribe",
    id: "transcribe",
    summary: "Write down a recording",
    words: "STT",
    task: "stt",
    body: TranscribeRequest,
    reply: TranscribeReply,
    code: null,
    sources: [{ role: "source", field: "audio_artifact", family: "audio" }],
    promptOf: () => "",
    outputOf: (body) => ({
      modality: "text",
      task: "transcription",
      ...given(body, "provider", "model", "language", "prompt", "temperature"),
    }),
    artifactField: "transcript_artifact",
    hasList: false,
  },
  {
    path: "images/generate",
    id: "generateImage",
    summary: "Make images",
    words: "Image generation",
    task: "text_to_image",
    body: ImageRequest,
    code: "generated_image",
    sources: [],
    promptOf: prompt,
    outputOf: (body) => imageOutput("image_generation", body, imageNames),
    ...imageReply,
  },
  {
    path: "images/edit",
    id: "editImage",
    summary: "Change an image",
    words: "Image edit",
    task: "image_to_image",
    body: ImageEditRequest,
    code: "edited_image",
    sources: [image, { role: "mask", field: "mask_artifact", family: "image" }],
    promptOf: prompt,
    outputOf: (body) => imageOutput("image_edit", body, [...imageNames, "strength"]),
    ...imageReply,
  },
  {
    path: "images/upscale",
    id: "upscaleImage",
    summary: "Make an image larger",
    words: "Image upscale",
    task: "image_upscale",
    body: UpscaleRequest,
    code: "image_upscale",
    sources: [image],
    promptOf: () => "",
    outputOf: (body) =>
      imageOutput("image_upscale", body, [
        "scale",
        "resolution",
        "softness",
        "seed",
        "quantize",
        "vae_tiling",
        "extra",
      ]),
    ...imageReply,
  },
  {
    path: "videos/generate",
    id: "generateVideo",
    summary: "Make videos",
    words: "Video generation",
    task: "text_to_video",
    body: VideoRequest,
    code: "generated_video",
    sources: [],
    promptOf: prompt,
    outputOf: (body) => videoOutput("text_to_video", body),
    ...videoReply,
  },
  {
    path: "videos/from_image",
    id: "generateVideoFromImage",
    summary: "Make videos of an image",
    words: "Image to video",
    task: "image_to_video",
    body: ImageVideoRequest,
    code: "image_to_video",
    sources: [image],
    promptOf: prompt,
    outputOf: (body) => videoOutput("image_to_video", body),
    ...videoReply,
  },
  {
    path: "music/generate",
    id: "generateMusic",
    summary: "Make music or a sound",
    words: "Music generation",
    task: "text_to_music",
    body: MusicRequest,
    reply: MusicReply,
    code: "generated_music",
    sources: [],
    promptOf: prompt,
    outputOf: (body) => ({
      modality: "music",
      task: musicTask(body),
      format: textIn(body["format"]) || "wav",
      ...pair(body, "music"),
      ...given(body, ...musicNames),
    }),
    artifactField: "music_artifact",
    hasList: false,
  },
];

/** `count` and `n` are one; with seeds there is one for each. */
function countOf(body: JsonObject): JsonObject {
  const { count, n, seeds } = body;
  if (typeof count === "number" && typeof n === "number" && count !== n) {
    throw new AppError("invalid_request", "count and n must be the same");
  }
  const wanted = count ?? n ?? null;
  if (Array.isArray(seeds) && seeds.length > 0 && wanted !== null && seeds.length !== wanted) {
    throw new AppError("invalid_request", `seeds has ${seeds.length} entries for ${JSON.stringify(wanted)} outputs`);
  }
  return wanted === null ? {} : { count: wanted };
}

const musicTasks: Record<string, string> = {
  "": "text_to_music",
  music: "text_to_music",
  music_generation: "text_to_music",
  text_to_music: "text_to_music",
  sound: "text_to_audio",
  audio: "text_to_audio",
  sound_generation: "text_to_audio",
  text_to_sound: "text_to_audio",
  text_to_audio: "text_to_audio",
  lyrics: "lyrics_to_music",
  lyrics_to_song: "lyrics_to_music",
  lyrics_to_music: "lyrics_to_music",
};

function musicTask(body: JsonObject): string {
  const old = ["music_backend", "musicBackend", "backend_music", "backend"].find((name) => textIn(body[name]) !== "");
  if (old !== undefined) {
    const msg = "Value error, name a music_provider and a music_model instead";
    throw new RequestIssues([{ type: "value_error", loc: ["body", old], msg, input: shown(body[old]) }]);
  }
  const named = textIn(body["task"]).toLowerCase().replaceAll("-", "_");
  const task = Object.hasOwn(musicTasks, named) ? musicTasks[named] : undefined;
  if (task !== undefined) return task;
  throw new AppError(
    "invalid_request",
    `task must be text_to_music, text_to_audio or lyrics_to_music, not '${shownText(named)}'`,
  );
}

function textIn(value: unknown): string {
  return typeof value === "string" ? value.trim() : "";
}

/** The id in a reference. */
export function idInRef(value: unknown): string | null {
  const found = isObject(value) ? (value["$artifact"] ?? value["artifact_id"]) : value;
  return typeof found === "string" && found.trim() !== "" ? found.trim() : null;
}
