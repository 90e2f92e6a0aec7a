import type { JsonObject } from "#core/value.ts";
import type { MakeMedia, SingleRequest } from "#models/media/media.ts";
import { numberOption, pickOptions, plain, textOption } from "#models/media/media-options.ts";
import { refusalOf } from "#models/media/media-fetch.ts";
import { type Wire, bearer, call } from "#models/media/wire.ts";

/** ElevenLabs' music, and any server that speaks like it. It has no WAV: MP3 is what comes then. */
export function elevenLabsMusic(wire: Wire): MakeMedia {
  return (request, options) =>
    call(wire, request, options, async (own) => {
      const response = await own.fetch(`${own.baseUrl}/music?output_format=mp3_44100_128`, {
        method: "POST",
        headers: { "content-type": "application/json", "xi-api-key": own.apiKey ?? "" },
        body: JSON.stringify(elevenLabsBody(request)),
        signal: options.signal,
      });
      if (!response.ok) throw await refusalOf(own.id, request.model, response);
      const format = textOption(request.options, "format") ?? "wav";
      const warnings = format === "mp3" ? [] : [`${own.id} makes MP3 only, and no ${format}`];
      return { files: [await response.bytes()], warnings };
    });
}

function elevenLabsBody({ model, prompt, options, seed }: SingleRequest): object {
  const durationS = numberOption(options, "duration_s");
  const plan = options["composition_plan"];
  const lyrics = textOption(options, "lyrics");
  return {
    model_id: model,
    ...(plan ? { composition_plan: plan } : { prompt: lyrics ? `${prompt}\n\nLyrics:\n${lyrics}` : prompt }),
    ...(durationS === undefined || plan ? {} : { music_length_ms: Math.round(durationS * 1000) }),
    ...(options["instrumental"] === true && !plan ? { force_instrumental: true } : {}),
    ...(seed === null ? {} : { seed }),
  };
}

const serverFields = [
  ..."lyrics duration_s bpm sample_rate num_inference_steps guidance_scale instrumental".split(" "),
  ..."enhance_prompt structure_prompt auto_lyrics planning text_planner_mode vocal_language".split(" "),
  ..."negative_prompt keyscale timesignature composition_plan positive_styles negative_styles".split(" "),
];

/** A server with `POST /audio/music`: JSON goes in, the recording comes out. */
export function serverMusic(wire: Wire): MakeMedia {
  return (request, options) =>
    call(wire, request, options, async (own) => {
      const response = await own.fetch(`${own.baseUrl}/audio/music`, {
        method: "POST",
        headers: { "content-type": "application/json", ...bearer(own) },
        body: JSON.stringify(serverBody(request)),
        signal: options.signal,
      });
      if (!response.ok) throw await refusalOf(own.id, request.model, response);
      return { files: [await response.bytes()] };
    });
}

function serverBody({ model, prompt, options, seed }: SingleRequest): JsonObject {
  const format = textOption(options, "format") ?? "wav";
  const fields = Object.entries(pickOptions(options, serverFields)).map(([name, value]) => [name, plain(value)]);
  return {
    model,
    prompt,
    format,
    response_format: format,
    ...Object.fromEntries(fields),
    ...(seed === null ? {} : { seed }),
  };
}
