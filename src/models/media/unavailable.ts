import { AppError } from "#core/errors.ts";
import { type MediaTask, mediaRouteKeys, mediaWords } from "#core/media.ts";

const variables: Record<MediaTask, string> = {
  tts: "SPEECH_MODEL",
  stt: "TRANSCRIPTION_MODEL",
  text_to_image: "IMAGE_MODEL",
  image_to_image: "IMAGE_MODEL",
  image_upscale: "UPSCALE_MODEL",
  text_to_video: "VIDEO_MODEL",
  image_to_video: "VIDEO_MODEL",
  text_to_music: "MUSIC_MODEL",
};

const keys: Record<MediaTask, string | null> = {
  tts: "OPENAI_API_KEY, GEMINI_API_KEY or ELEVENLABS_API_KEY",
  stt: "OPENAI_API_KEY or ELEVENLABS_API_KEY",
  text_to_image: "OPENAI_API_KEY or GEMINI_API_KEY",
  image_to_image: "OPENAI_API_KEY or GEMINI_API_KEY",
  image_upscale: null,
  text_to_video: "OPENAI_API_KEY or GEMINI_API_KEY",
  image_to_video: "OPENAI_API_KEY or GEMINI_API_KEY",
  text_to_music: "ELEVENLABS_API_KEY",
};

/** How somebody gets it. */
export function mediaHint(task: MediaTask): string {
  const key = keys[task];
  const pair = `ABSTRACTGATEWAY_${variables[task]} to <provider>/<model>, or the default ${mediaRouteKeys[task]}`;
  return key === null ? `Set ${pair}.` : `Set ${key}; or connect a server of your own and set ${pair}.`;
}

/** Nobody is there who could make it. */
export function mediaUnavailable(task: MediaTask): AppError {
  return new AppError("unavailable", `No provider for ${mediaWords[task]} is configured. ${mediaHint(task)}`);
}
