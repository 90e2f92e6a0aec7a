import { pyStr } from "#core/python.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import { type NodeContext, type NodeDefinition, setting } from "#engine/nodes/definition.ts";
import { type Field, pick } from "#engine/nodes/effect-fields.ts";
import { type Generated, generatedOf, mediaFields } from "#engine/nodes/generated.ts";
import { NodeError } from "#engine/pure.ts";

/** A node that makes or reads media: a model call with an output specification (contract flow-runtime 2.10, Media). */
interface MediaNode {
  modality: string;
  /** What the fields of its provider and model are called after. */
  maker: "image" | "video" | "tts" | "stt" | "music";
  task: string;
  format?: string;
  /** Parameters of the output besides provider and model. */
  fields: readonly Field[];
  prompt: readonly string[];
  /** Media that go in: role, type, and the pins that may hold them. */
  media: readonly { role: string; type: string; from: readonly string[] }[];
  /** Pins that get the artifact. */
  artifactPins: readonly string[];
}

const sampling = [
  "width",
  "height",
  "seed",
  "steps",
  "guidance_scale",
  "guidance_2",
  "count",
  "seeds",
  "lora_adapters",
];
const imageFields = [...sampling, "size", "negative_prompt", "quality", "style", "extra"];
const videoFields = [...imageFields, "fps", "num_frames", "flow_shift"];
const musicFields = [
  ..."lyrics duration_s bpm seed sample_rate num_inference_steps guidance_scale instrumental".split(" "),
  ..."enhance_prompt structure_prompt auto_lyrics planning text_planner_mode vocal_language".split(" "),
  ..."negative_prompt keyscale timesignature composition_plan positive_styles negative_styles extra".split(" "),
];

const source = { role: "source", type: "image", from: ["image_artifact", "source_image", "source", "image"] };
const mask = { role: "mask", type: "image", from: ["mask_artifact", "mask_image", "mask"] };
const image = {
  modality: "image",
  maker: "image" as const,
  format: "png",
  prompt: ["prompt"],
  artifactPins: ["image_artifact"],
};
const video = {
  modality: "video",
  maker: "video" as const,
  format: "mp4",
  prompt: ["prompt"],
  artifactPins: ["video_artifact"],
};

const generateImage: MediaNode = { ...image, task: "image_generation", fields: imageFields, media: [] };
const editImage: MediaNode = {
  ...image,
  task: "image_edit",
  fields: [...imageFields, "strength"],
  media: [source, mask],
};
const upscaleImage: MediaNode = {
  ...image,
  task: "image_upscale",
  fields: ["scale", "resolution", "softness", "seed", "quantize", "vae_tiling", "extra"],
  media: [source],
};
const textToVideo: MediaNode = { ...video, task: "text_to_video", fields: videoFields, media: [] };
const imageToVideo: MediaNode = { ...video, task: "image_to_video", fields: videoFields, media: [source] };
const generateVoice: MediaNode = {
  modality: "voice",
  maker: "tts",
  task: "tts",
  format: "wav",
  fields: ["voice", "profile", "instructions", "quality_preset", "speed", "extra"],
  prompt: ["text", "prompt"],
  media: [],
  artifactPins: ["audio_artifact"],
};
const generateMusic: MediaNode = {
  modality: "music",
  maker: "music",
  task: "music_generation",
  format: "wav",
  fields: musicFields,
  prompt: ["prompt"],
  media: [],
  artifactPins: ["music_artifact", "audio_artifact"],
};
const transcribeAudio: MediaNode = {
  modality: "text",
  maker: "stt",
  task: "transcription",
  fields: ["language", "prompt", "format", "temperature"],
  prompt: [],
  media: [{ role: "source", type: "audio", from: ["audio_artifact", "audio"] }],
  artifactPins: ["transcript_artifact"],
};

const nodes: Record<string, MediaNode> = {
  generate_image: generateImage,
  edit_image: editImage,
  image_to_image: editImage,
  upscale_image: upscaleImage,
  image_upscale: upscaleImage,
  generate_video: textToVideo,
  text_to_video: textToVideo,
  image_to_video: imageToVideo,
  generate_voice: generateVoice,
  generate_music: generateMusic,
  transcribe_audio: transcribeAudio,
};

function mediaDefinition(type: string, shape: MediaNode): NodeDefinition {
  return {
    failsRun: true,
    run(context) {
      if (setting(context, "music_backend") !== undefined) {
        throw new NodeError("'music_backend' is not used any more: choose a provider and a model");
      }
      const prompt = shape.prompt.length > 0 ? setting(context, ...shape.prompt) : undefined;
      const output: JsonObject = { modality: shape.modality, task: shape.task };
      if (shape.format) output["format"] = shape.format;
      Object.assign(output, pick(context, shape.fields), pairOf(context, shape));
      const payload: JsonObject = { prompt: prompt === undefined ? "" : pyStr(prompt) };
      const media = shape.media.flatMap((each) => mediaItem(context, each));
      if (media.length > 0) payload["media"] = media;
      return { kind: "effect", type: "llm_call", payload: { ...payload, output } };
    },
    outputs: (result) => mediaOutputs(type, shape, isObject(result) ? result : {}),
  };
}

/** Who makes it: editors write it under the name of the kind. */
function pairOf(context: NodeContext, { maker }: MediaNode): JsonObject {
  const provider = setting(context, "provider", `${maker}_provider`);
  const model = setting(context, "model", `${maker}_model`);
  return { ...(provider === undefined ? {} : { provider }), ...(model === undefined ? {} : { model }) };
}

/** An object stays as it is; a text is an address, a file or the id of an artifact. */
function mediaItem(context: NodeContext, { role, type, from }: MediaNode["media"][number]): JsonObject[] {
  const value = setting(context, ...from);
  if (isObject(value)) return [{ ...value, type: value["type"] ?? type, role: value["role"] ?? role }];
  if (typeof value !== "string") return [];
  if (/^(?:data:|https?:)/.test(value)) return [{ url: value, type, role }];
  return [/^[/~]/.test(value) ? { file_path: value, type, role } : { $artifact: value, type, role }];
}

function mediaOutputs(type: string, shape: MediaNode, result: JsonObject): JsonObject {
  const made = generatedOf(result, shape.modality);
  const record: JsonObject = {
    ...artifactFields(made),
    ...mediaFields(result),
    meta: {
      schema: `abstractflow.${type}.v1.meta`,
      version: 1,
      modality: shape.modality,
      provider: result["provider"] ?? null,
      model: result["model"] ?? null,
    },
    success: made !== null,
    raw: result,
  };
  for (const pin of shape.artifactPins) record[pin] = made?.ref ?? null;
  if (shape.task === "transcription") record["text"] = transcript(result);
  return record;
}

function artifactFields(made: Generated | null): JsonObject {
  return {
    artifact_ref: made?.ref ?? null,
    artifact_id: made?.id ?? null,
    content_type: made?.item["content_type"] ?? made?.ref["content_type"] ?? null,
  };
}

function transcript(result: JsonObject): Value {
  const text = isObject(result["text"]) ? result["text"]["content"] : result["text"];
  return text ?? result["content"] ?? "";
}

/** Voice is captured by a person's device: the run waits for what it recorded. */
const listenVoice: NodeDefinition = {
  failsRun: true,
  run(context) {
    const details: JsonObject = {
      input_mode: "voice",
      content_types: ["audio/wav", "audio/mpeg", "audio/webm"],
      ...pick(context, ["language", "provider", "model", "max_duration_s"]),
    };
    const prompt = setting(context, "prompt");
    const payload = { wait_key: "voice_input", prompt: prompt === undefined ? "Speak now." : pyStr(prompt), details };
    return { kind: "effect", type: "wait_event", payload };
  },
  outputs(result) {
    const heard = isObject(result) ? result : {};
    const artifact = heard["audio_artifact"] ?? null;
    const id = isObject(artifact) ? (artifact["$artifact"] ?? artifact["artifact_id"] ?? null) : artifact;
    return { audio_artifact: artifact, text: heard["text"] ?? "", artifact_ref: artifact, artifact_id: id };
  },
};

export const mediaNodes: [string, NodeDefinition][] = [
  ...Object.entries(nodes).map(([type, shape]): [string, NodeDefinition] => [type, mediaDefinition(type, shape)]),
  ["listen_voice", listenVoice],
];
