import type { Common } from "#http/capabilities/client-contract.ts";
import { features } from "#http/capabilities/features.ts";
import type { mediaContract } from "#http/capabilities/media.ts";
import type { voiceContract } from "#http/capabilities/voice.ts";

interface Parts {
  common: Common;
  media: ReturnType<typeof mediaContract>;
  voice: ReturnType<typeof voiceContract>;
}

/** The same facts once more, as flat flags. */
export function readiness({ common, media, voice }: Parts) {
  return {
    contract: "gateway_surface_readiness_v1",
    version: 1,
    truth_scope: "gateway_contract_surface",
    limitations: [
      "Tells which routes this build has and what is configured, not whether a provider behind them answers.",
      "Ask the catalogs for models that can be used now.",
    ],
    surfaces: {
      runs: availability(common.runs, ["purge_drafts"]),
      ledger: { ...availability(common.ledger), stream_transport: "sse" },
      artifacts: availability(common.artifacts, ["stats"]),
      attachments: {
        upload: common.attachments.upload.available,
        max_upload_bytes: common.attachments.max_upload_bytes,
      },
      workspace: { policy: features.workspace },
      discovery: discoverySurface(),
      visualflows: { crud_available: features.visualflows, publish_available: features.visualflows },
      prompt_cache: {
        provider_controls: common.prompt_cache.provider_controls,
        provider_controls_available: common.prompt_cache.provider_controls_available,
        session_lifecycle: common.prompt_cache.session_lifecycle,
        session_lifecycle_available: common.prompt_cache.session_lifecycle_available,
        durable_blocs_available: common.prompt_cache.durable_blocs.available,
        durable_blocs_lifecycle_available: common.prompt_cache.durable_blocs.lifecycle_available,
      },
      memory: memorySurface(common.memory),
      model_residency: residencySurface(common.model_residency),
      media: { ...mediaSurface(media), ...voiceSurface(voice) },
    },
  };
}

function availability(part: Record<string, { available: boolean }>, without: string[] = []): Record<string, boolean> {
  const kept = Object.entries(part).filter(([name]) => !without.includes(name));
  return Object.fromEntries(kept.map(([name, descriptor]) => [name, descriptor.available]));
}

function discoverySurface() {
  return {
    providers: true,
    provider_models: true,
    voice_voices: true,
    audio_speech_models: true,
    audio_transcription_models: true,
    audio_music_providers: true,
    audio_music_models: true,
    vision_provider_models: true,
    vision_models: true,
    vision_adapters: true,
    tools: features.tools,
    semantics: true,
  };
}

function memorySurface(memory: Common["memory"]) {
  const { available, route_available, backend, structured_query, semantic_query } = memory;
  return { available, route_available, backend, structured_query, semantic_query };
}

function residencySurface(residency: Common["model_residency"]) {
  const { available, route_available, supported_tasks, unsupported_tasks, supports } = residency;
  return { available, route_available, supported_tasks, unsupported_tasks, supports };
}

function mediaSurface(media: Parts["media"]) {
  const surfaces = Object.entries(media).map(([kind, { workflow, direct_endpoint: direct }]) => [
    kind,
    {
      available: direct.available,
      route_available: direct.route_available,
      ...("configured" in direct ? { configured: direct.configured } : {}),
      ...("config_hint" in direct ? { config_hint: direct.config_hint } : {}),
      workflow_available: workflow.available,
    },
  ]);
  return Object.fromEntries(surfaces) as Record<string, unknown>;
}

function voiceSurface({ stt, listen }: Parts["voice"]) {
  const { available, host_capture_required, transcription_available, transcribe_route_available } = listen;
  return {
    stt: {
      available: stt.available,
      route_available: stt.route_available,
      configured: stt.configured,
      ...("config_hint" in stt ? { config_hint: stt.config_hint } : {}),
    },
    listen: { available, host_capture_required, transcription_available, transcribe_route_available },
  };
}
