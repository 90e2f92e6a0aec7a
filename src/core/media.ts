import { isObject } from "#core/value.ts";

/** Everything that a model can make or read that is not text, by the names of the contract. */
export const mediaTasks = [
  "tts",
  "stt",
  "text_to_image",
  "image_to_image",
  "image_upscale",
  "text_to_video",
  "image_to_video",
  "text_to_music",
] as const;
export type MediaTask = (typeof mediaTasks)[number];

/** Where the default of each task is set (contract http-api 1.22). A key of a task falls back to that of its modality. */
export const mediaRouteKeys: Record<MediaTask, string> = {
  tts: "output.voice",
  stt: "input.voice",
  text_to_image: "output.image.text_to_image",
  image_to_image: "output.image.image_to_image",
  image_upscale: "output.image.image_upscale",
  text_to_video: "output.video.text_to_video",
  image_to_video: "output.video.image_to_video",
  text_to_music: "output.music",
};

/** What it is called in sentences. */
export const mediaWords: Record<MediaTask, string> = {
  tts: "speech",
  stt: "transcription",
  text_to_image: "making images",
  image_to_image: "editing images",
  image_upscale: "upscaling images",
  text_to_video: "making videos",
  image_to_video: "making videos of images",
  text_to_music: "music",
};

const byOutput: Record<string, MediaTask> = {
  "voice/tts": "tts",
  "text/transcription": "stt",
  "image/image_generation": "text_to_image",
  "image/image_edit": "image_to_image",
  "image/image_upscale": "image_upscale",
  "video/text_to_video": "text_to_video",
  "video/image_to_video": "image_to_video",
  "music/music_generation": "text_to_music",
  "music/text_to_music": "text_to_music",
  "music/text_to_audio": "text_to_music",
  "music/lyrics_to_music": "text_to_music",
};

/** What an `output` of a model call asks for; null when that is a text or unknown. */
export function taskOfOutput(output: unknown): MediaTask | null {
  if (!isObject(output)) return null;
  const { modality, task } = output;
  return typeof modality === "string" && typeof task === "string" ? (byOutput[`${modality}/${task}`] ?? null) : null;
}

/** Name of the event by which a long call tells how far it is. */
export const progressEvent = "abstract.progress";

/** Workflows of the child runs in which the media routes make what they were asked for. */
export const mediaWorkflowPrefix = "wf_abstractcore_run_facade_";

export function isMediaWorkflow(workflowId: string): boolean {
  return workflowId.startsWith(mediaWorkflowPrefix);
}
