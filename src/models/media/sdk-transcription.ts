import { createElevenLabs } from "@ai-sdk/elevenlabs";
import { createOpenAI } from "@ai-sdk/openai";
import { type TranscriptionModel, transcribe } from "ai";
import { AppError } from "#core/errors.ts";
import type { MakeMedia, SingleRequest } from "#models/media/media.ts";
import { numberOption, textOption } from "#models/media/media-options.ts";
import { warningText } from "#models/media/sdk-image.ts";
import { type Call, type MediaKind, type Wire, call } from "#models/media/wire.ts";

/** What was said in a recording. */
export function sdkTranscription(wire: Wire): MakeMedia {
  return (request, options) =>
    call(wire, request, options, async (own) => {
      const { source, model } = request;
      if (source === null) throw new AppError("invalid_request", "There is no recording to transcribe");
      const { open, provider } = transcriptionWire(own.kind);
      const { text, warnings } = await transcribe({
        model: open(own, model),
        audio: source.bytes,
        providerOptions: provider(request),
        maxRetries: 0,
        abortSignal: options.signal,
      });
      return { files: [], text, warnings: warnings.map(warningText) };
    });
}

interface TranscriptionWire {
  open: (own: Call, model: string) => TranscriptionModel;
  provider: (request: SingleRequest) => Record<string, Record<string, never>>;
}

const openAi: TranscriptionWire = {
  open: ({ baseUrl, apiKey, fetch }, model) =>
    createOpenAI({ baseURL: baseUrl, apiKey: apiKey ?? "none", fetch }).transcription(model),
  provider: ({ options, prompt }) => {
    const language = textOption(options, "language");
    const temperature = numberOption(options, "temperature");
    const said = textOption(options, "prompt") ?? prompt;
    const fields = {
      ...(language ? { language } : {}),
      ...(temperature === undefined ? {} : { temperature }),
      ...(said ? { prompt: said } : {}),
    };
    return { openai: fields as Record<string, never> };
  },
};

const elevenLabs: TranscriptionWire = {
  open: ({ apiKey, fetch }, model) => createElevenLabs({ apiKey: apiKey ?? "", fetch }).transcription(model),
  provider: ({ options }) => {
    const language = textOption(options, "language");
    const fields = { diarize: false, ...(language ? { languageCode: language } : {}) };
    return { elevenlabs: fields as unknown as Record<string, never> };
  },
};

function transcriptionWire(kind: MediaKind): TranscriptionWire {
  if (kind === "google") throw new AppError("unsupported", "Google transcribes through its chat models only");
  return kind === "elevenlabs" ? elevenLabs : openAi;
}
