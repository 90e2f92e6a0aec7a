import { createGoogle } from "@ai-sdk/google";
import { experimental_generateVideo as generateVideo } from "ai";
import type { MakeMedia, SingleRequest } from "#models/media/media.ts";
import { numberOption, sizeOption, textOption } from "#models/media/media-options.ts";
import { refusalOf } from "#models/media/media-fetch.ts";
import { warningText } from "#models/media/sdk-image.ts";
import { type Wire, call } from "#models/media/wire.ts";

/** How long a video may take, and how often Google is asked for it. */
const patienceMs = 3_600_000;

/** Videos of Google, by a text or a first image and a text. */
export function googleVideos(wire: Wire, pollMs: number): MakeMedia {
  return (request, options) =>
    call(wire, request, options, async ({ baseUrl, apiKey, fetch }) => {
      const negativePrompt = textOption(request.options, "negative_prompt");
      const { videos, warnings } = await generateVideo({
        model: createGoogle({ baseURL: baseUrl, apiKey: apiKey ?? "", fetch }).video(request.model),
        prompt: request.source === null ? request.prompt : { text: request.prompt, image: request.source.bytes },
        n: 1,
        ...settingsOf(request),
        providerOptions: {
          google: { pollIntervalMs: pollMs, pollTimeoutMs: patienceMs, ...(negativePrompt ? { negativePrompt } : {}) },
        },
        // The default one refuses addresses of this machine.
        download: async ({ url, abortSignal }) => {
          const response = await fetch(url.href, abortSignal ? { signal: abortSignal } : {});
          if (!response.ok) throw await refusalOf(wire.id, request.model, response);
          return { data: await response.bytes(), mediaType: response.headers.get("content-type") ?? undefined };
        },
        poll: { intervalMs: pollMs, timeoutMs: patienceMs },
        maxRetries: 0,
        abortSignal: options.signal,
      });
      return { files: videos.map(({ uint8Array }) => uint8Array), warnings: warnings.map(warningText) };
    });
}

function settingsOf({ options, seed }: SingleRequest): object {
  const resolution = sizeOption(options);
  const durationS = numberOption(options, "duration_s");
  const fps = numberOption(options, "fps");
  return {
    ...(resolution ? { resolution } : {}),
    ...(durationS === undefined ? {} : { duration: durationS }),
    ...(fps === undefined ? {} : { fps }),
    ...(seed === null ? {} : { seed }),
  };
}
