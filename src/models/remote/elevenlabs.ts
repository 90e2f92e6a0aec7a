import { AppError } from "#core/errors.ts";
import { createMedia } from "#models/media/create-media.ts";
import type { Provider } from "#models/provider.ts";

export interface ElevenLabsOptions {
  id: string;
  /** Up to and with `/v1`. */
  baseUrl: string;
  apiKey: string | null;
  label: string;
}

/** Speech, transcription and music; it has no model that answers. */
export function createElevenLabsProvider({ id, label, ...access }: ElevenLabsOptions): Provider {
  const media = createMedia({ id, kind: "elevenlabs", ...access });
  return {
    id,
    label,
    media,
    isMediaOnly: true,
    accepts: [],
    caching: "none",
    models: async (signal) =>
      (await media.models("tts", signal)).map((model) => ({ id: model.id, provider: id, capabilities: ["tts"] })),
    generate: () => Promise.reject(new AppError("unsupported", `${label} has no models that answer`)),
    close: async () => undefined,
  };
}
