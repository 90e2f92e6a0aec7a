import { AppError } from "#core/errors.ts";
import { notBuilt } from "#http/capabilities/features.ts";
import { type Envelope, envelope } from "#http/catalog.ts";
import type { Services } from "#http/services.ts";

/** A catalog of speech, music or pictures: its address, and the lists that older clients read beside `items` (contract 1.15). */
export interface MediaCatalog {
  path: string;
  id: string;
  summary: string;
  kind: Envelope["kind"];
  scope: NonNullable<Envelope["scope"]>;
  reason: string;
  lists: string[];
  maps: string[];
  nulls: string[];
  /** Tasks that may be asked for; the first is meant when none is named. */
  tasks: string[];
}

const imageTasks = ["text_to_image", "image_to_image", "text_to_video", "image_to_video"];
const none = { lists: [], maps: [], nulls: [], tasks: [] };

/** No model of these kinds is in this gateway: each catalog is there, and says so. */
export const mediaCatalogs: MediaCatalog[] = [
  {
    ...none,
    path: "/voice/voices",
    id: "listVoices",
    summary: "Voices that speak",
    kind: "voices",
    scope: "tts",
    reason: notBuilt.voice,
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
    kind: "models",
    scope: "tts",
    reason: notBuilt.voice,
    lists: ["models", "providers"],
    maps: ["models_by_provider", "tts_models_by_provider"],
    nulls: ["active_model", "active_provider"],
  },
  {
    ...none,
    path: "/audio/transcriptions/models",
    id: "listTranscriptionModels",
    summary: "Models that write down speech",
    kind: "models",
    scope: "stt",
    reason: notBuilt.voice,
    lists: ["models", "providers", "stt_providers", "available_providers"],
    maps: ["models_by_provider", "stt_models_by_provider"],
    nulls: ["active_provider"],
  },
  {
    ...none,
    path: "/audio/music/providers",
    id: "listMusicProviders",
    summary: "Providers that make music",
    kind: "providers",
    scope: "music",
    reason: notBuilt.media,
    lists: ["providers", "available_providers", "provider_details"],
    tasks: ["text_to_music"],
  },
  {
    ...none,
    path: "/audio/music/models",
    id: "listMusicModels",
    summary: "Models that make music",
    kind: "models",
    scope: "music",
    reason: notBuilt.media,
    lists: ["models", "providers", "available_providers", "provider_models"],
    maps: ["models_by_provider"],
    tasks: ["text_to_music"],
  },
  {
    ...none,
    path: "/vision/models",
    id: "listVisionModels",
    summary: "Models for pictures on this machine",
    kind: "models",
    scope: "vision",
    reason: notBuilt.media,
    lists: ["models"],
  },
  {
    ...none,
    path: "/vision/provider_models",
    id: "listVisionProviderModels",
    summary: "Models for pictures and films",
    kind: "models",
    scope: "vision",
    reason: notBuilt.media,
    lists: ["models", "providers", "available_providers", "provider_models"],
    maps: ["models_by_provider"],
    tasks: [...imageTasks, "image_upscale"],
  },
  {
    ...none,
    path: "/vision/adapters",
    id: "listVisionAdapters",
    summary: "Adapters for models of pictures and films",
    kind: "adapters",
    scope: "vision",
    reason: notBuilt.media,
    lists: ["adapters"],
    tasks: imageTasks,
  },
];

export interface MediaCatalogQuery {
  task?: string | undefined;
  provider?: string | undefined;
  model?: string | undefined;
  providers_only?: boolean;
}

/** AppError `invalid_request` for a task that the catalog does not have. */
export function mediaCatalog(services: Services, catalog: MediaCatalog, query: MediaCatalogQuery) {
  const { kind, scope, reason, lists, maps, nulls, tasks } = catalog;
  const task = query.task?.trim() || tasks[0];
  if (tasks.length > 0 && task !== undefined && !tasks.includes(task)) {
    throw new AppError("invalid_request", `task must be one of ${tasks.join(", ")}`);
  }
  const asked = { kind: query.providers_only ? ("providers" as const) : kind, scope, available: false, error: reason };
  return {
    items: [],
    ...Object.fromEntries(lists.map((name) => [name, []])),
    ...Object.fromEntries(maps.map((name) => [name, {}])),
    ...Object.fromEntries(nulls.map((name) => [name, null])),
    ...(tasks.length > 0 ? { task } : {}),
    ...(kind === "adapters" ? { model: query.model ?? null, provider: query.provider ?? null, count: 0 } : {}),
    config_hint: reason,
    ...envelope(services, asked),
  };
}
