import { createElevenLabs } from "@ai-sdk/elevenlabs";
import { createGoogle } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { type SpeechModel, generateSpeech } from "ai";
import type { MakeMedia } from "#models/media/media.ts";
import { listVoices } from "#models/media/media-lists.ts";
import { numberOption, textOption } from "#models/media/media-options.ts";
import { warningText } from "#models/media/sdk-image.ts";
import { wavOf } from "#models/media/wav.ts";
import { type Call, type MediaKind, type Wire, call } from "#models/media/wire.ts";

/** A text, spoken. */
export function sdkSpeech(wire: Wire): MakeMedia {
  return ({ model, prompt, options: given }, options) =>
    call(wire, { model }, options, async (own) => {
      const format = textOption(given, "format") ?? "wav";
      const wanted = formats[own.kind](format);
      const { audio, warnings } = await generateSpeech({
        model: speechModels[own.kind](own, model),
        text: prompt,
        ...set("voice", textOption(given, "voice", "profile") ?? (await firstVoice(own, options.signal))),
        ...(wanted === null ? {} : { outputFormat: wanted.name }),
        ...set("instructions", textOption(given, "instructions")),
        ...set("speed", numberOption(given, "speed")),
        ...set("language", textOption(given, "language")),
        maxRetries: 0,
        abortSignal: options.signal,
      });
      const bytes = wanted?.sampleRate ? wavOf(audio.uint8Array, wanted.sampleRate) : audio.uint8Array;
      return { files: [bytes], warnings: warnings.map(warningText) };
    });
}

const lookMs = 3000;

/** A server of one's own has voices of its own: where it lists them, its first is meant, and not OpenAI's. */
async function firstVoice(own: Call, signal: AbortSignal): Promise<string | undefined> {
  if (own.kind !== "openai-compatible") return undefined;
  const patience = AbortSignal.any([signal, AbortSignal.timeout(lookMs)]);
  return (await listVoices(own, patience).catch(() => []))[0]?.id;
}

function set<T>(name: string, value: T | undefined): Record<string, T> {
  return value === undefined ? {} : { [name]: value };
}

const openAi = ({ baseUrl, apiKey, fetch }: Call, model: string): SpeechModel =>
  // A server of one's own may need no key, which the SDK insists on.
  createOpenAI({ baseURL: baseUrl, apiKey: apiKey ?? "none", fetch }).speech(model);

const speechModels: Record<MediaKind, (own: Call, model: string) => SpeechModel> = {
  openai: openAi,
  "openai-compatible": openAi,
  google: ({ baseUrl, apiKey, fetch }, model) =>
    createGoogle({ baseURL: baseUrl, apiKey: apiKey ?? "", fetch }).speech(model),
  elevenlabs: ({ apiKey, fetch }, model) => createElevenLabs({ apiKey: apiKey ?? "", fetch }).speech(model),
};

/** A format as each wire calls it; with a sample rate it comes as bare samples, which become a WAV here. Null: there is one format only. */
type Format = { name: string; sampleRate?: number } | null;

const pcmRate = 24_000;
const asNamed = (format: string): Format => ({ name: format });

const formats: Record<MediaKind, (format: string) => Format> = {
  openai: asNamed,
  "openai-compatible": asNamed,
  google: () => null,
  elevenlabs: (format) => {
    if (format === "wav") return { name: `pcm_${pcmRate}`, sampleRate: pcmRate };
    return { name: format === "opus" ? "opus_48000_128" : format };
  },
};
