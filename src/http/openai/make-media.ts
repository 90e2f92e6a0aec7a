import { AppError } from "#core/errors.ts";
import type { MediaTask } from "#core/media.ts";
import type { JsonObject } from "#core/value.ts";
import { maxImageBytes } from "#effects/media/keep-media.ts";
import { findMediaModel } from "#http/openai/media-model.ts";
import type { Services } from "#http/services.ts";
import { type CheckedMedia, checkMedia, mediaFamilies } from "#models/media/check-media.ts";
import type { MediaInput } from "#models/media/media.ts";

export interface MediaWish {
  task: MediaTask;
  model: string | null;
  prompt: string;
  options: JsonObject;
  source?: MediaInput | null;
  mask?: MediaInput | null;
}

/** What was made, checked; nothing of it is kept. */
export interface MadeOnce {
  files: { bytes: Uint8Array; file: CheckedMedia }[];
  text: string | null;
}

/** One call without a run, as OpenAI's clients mean it. AppErrors as of `Provider`. */
export async function makeOnce(services: Services, wish: MediaWish, signal: AbortSignal): Promise<MadeOnce> {
  const { task, prompt, options, source = null, mask = null } = wish;
  const choice = await findMediaModel(services, task, wish.model);
  const subject = { subject: `What ${choice.provider} sent`, code: "unavailable" } as const;
  const request = { task, model: choice.model, prompt, options: { ...choice.options, ...options }, source, mask };
  const made = await choice.maker.make(request, { signal });
  const family = mediaFamilies[task];
  const files = made.files.map(({ bytes }) => {
    if (family === "image" && bytes.length > maxImageBytes)
      throw new AppError("too_large", `Image too large (${bytes.length} bytes)`);
    if (options["format"] === "pcm") return { bytes, file: { contentType: "audio/pcm", format: "pcm", facts: {} } };
    return { bytes, file: checkMedia(family, bytes, subject) };
  });
  return { files, text: made.text };
}
