import type { MediaTask } from "#core/media.ts";
import type { Envelope } from "#http/catalog.ts";

/** A catalog of speech, music or pictures: its address, and the lists that older clients read beside `items` (contract 1.15). */
export interface MediaCatalog {
  path: string;
  id: string;
  summary: string;
  /** What its models are for, when nobody says; null: this gateway has none of them. */
  task: MediaTask | null;
  kind: Envelope["kind"];
  scope: NonNullable<Envelope["scope"]>;
  lists: string[];
  maps: string[];
  nulls: string[];
  /** Tasks that may be asked for; the first is meant when none is named. */
  tasks: MediaTask[];
}

const imageTasks: MediaTask[] = ["text_to_image", "image_to_image", "text_to_video", "image_to_video"];
const none: Pick<MediaCatalog, "lists" | "maps" | "nulls" | "tasks"> = { lists: [], maps: [], nulls: [], tasks: [] };

/** Every list of a catalog is there, also when nothing is in it. */
export const mediaCatalogs: MediaCatalog[] = [
  {
    ...none,
    path: "/voice/voices",
    id: "listVoices",
    summary: "Voices that speak",
    task: "tts",
    kind: "voices",
    scope: "tts",
    lists: [
      "profiles",
      "voices",
      "cloned_voices",
      "models",
      "tts_models",
      "providers",
      "tts_providers",
      "stt_providers",
    ],
    maps: ["models", "profiles", "voices", "model_roles", "formats"].map((name) => `tts_${name}_by_provider`),
    nulls: ["active_model", "active_provider", "active_voice"],
  },
  {
    ...none,
    path: "/audio/speech/models",
    id: "listSpeechModels",
    summary: "Models that speak",
    task: "tts",
    kind: "models",
    scope: "tts",
    lists: ["models", "providers"],
    maps: ["models_by_provider", "tts_models_by_provider"],
    nulls: ["active_model", "active_provider"],
  },
  {
    ...none,
    path: "/audio/transcriptions/models",
    id: "listTranscriptionModels",
    summary: "Models that write down speech",
    task: "stt",
    kind: "models",
    scope: "stt",
    lists: ["models", "providers", "stt_providers", "available_providers"],
    maps: ["models_by_provider", "stt_models_by_provider"],
    nulls: ["active_provider"],
  },
  {
    ...none,
    path: "/audio/music/providers",
    id: "listMusicProviders",
    summary: "Providers that make music",
    task: "text_to_music",
    kind: "providers",
    scope: "music",
    lists: ["providers", "available_providers", "provider_details"],
    tasks: ["text_to_music"],
  },
  {
    ...none,
    path: "/audio/music/models",
    id: "listMusicModels",
    summary: "Models that make music",
    task: "text_to_music",
    kind: "models",
    scope: "music",
    lists: ["models", "providers", "available_providers", "provider_models"],
    maps: ["models_by_provider"],
    tasks: ["text_to_music"],
  },
  {
    ...none,
    path: "/vision/models",
    id: "listVisionModels",
    summary: "Models for pictures on this machine",
    task: null,
    kind: "models",
    scope: "vision",
    lists: ["models"],
  },
  {
    ...none,
    path: "/vision/provider_models",
    id: "listVisionProviderModels",
    summary: "Models for pictures and films",
    task: "text_to_image",
    kind: "models",
    scope: "vision",
    lists: ["models", "providers", "available_providers", "provider_models"],
    maps: ["models_by_provider"],
    tasks: [...imageTasks, "image_upscale"],
  },
  {
    ...none,
    path: "/vision/adapters",
    id: "listVisionAdapters",
    summary: "Adapters for models of pictures and films",
    task: null,
    kind: "adapters",
    scope: "vision",
    lists: ["adapters"],
    tasks: imageTasks,
  },
];
