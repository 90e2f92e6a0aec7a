import { commonContract } from "#http/capabilities/client-contract.ts";
import { type Caller, path } from "#http/capabilities/descriptors.ts";
import { features } from "#http/capabilities/features.ts";
import { flowEditorContract } from "#http/capabilities/flow-editor.ts";
import { mediaContract } from "#http/capabilities/media.ts";
import { type MediaState, mediaHintOf, mediaState } from "#http/capabilities/media-state.ts";
import { promptCacheState } from "#http/capabilities/models.ts";
import { readiness } from "#http/capabilities/readiness.ts";
import { voiceContract } from "#http/capabilities/voice.ts";
import type { Services } from "#http/services.ts";

/** The document that clients enable themselves by (contract 1.14.3). Made without asking anybody, so it is there at once. */
export function capabilities(
  { settings, version, tools, providers }: Pick<Services, "settings" | "version" | "tools" | "providers">,
  caller: Caller,
) {
  const state = mediaState(providers);
  const common = commonContract(settings, caller);
  const voice = voiceContract(settings, state);
  const media = mediaContract(state);
  const assistantCache = assistantPromptCache(caller);
  return {
    capabilities: {
      ...packages(version, { toolCount: tools.list().length, state }),
      contracts: {
        version: 1,
        common: { ...common, readiness: readiness({ common, media, voice }) },
        flow_editor: flowEditorContract({ common, voice, media }, caller),
        assistant: {
          available: true,
          version: 1,
          runs: common.runs,
          ledger: common.ledger,
          artifacts: common.artifacts,
          voice,
          media,
          model_residency: common.model_residency,
          prompt_cache: assistantCache,
        },
        abstractcode: {
          available: true,
          version: 1,
          runs: common.runs,
          ledger: common.ledger,
          artifacts: common.artifacts,
          workspace: common.workspace,
          model_residency: common.model_residency,
          prompt_cache: assistantCache,
        },
      },
    },
  };
}

/** The reference's packages, by what this executable has of them. */
function packages(version: string, { toolCount, state }: { toolCount: number; state: MediaState }) {
  const builtIn = { installed: true, version, builtin: true };
  const canSpeak = state.tts !== null || state.stt !== null;
  const canShow = state.text_to_image !== null || state.text_to_video !== null;
  const { text_to_music: music } = state;
  const flags = { voice: canSpeak, audio: canSpeak, vision: canShow, music: music !== null };
  const musicProviders = music === null ? [] : [music.provider];
  const { config_hint: hint } = mediaHintOf(state, "text_to_music");
  return {
    abstractgateway: builtIn,
    abstractruntime: builtIn,
    abstractcore: builtIn,
    abstractmemory: builtIn,
    abstractvoice: builtIn,
    abstractvision: builtIn,
    voice: builtIn,
    capability_plugins: {
      installed: true,
      group: "abstractgateway.builtin",
      plugins_seen: [],
      plugin_errors: [],
      capabilities: {
        voice: { available: canSpeak },
        audio: { available: canSpeak },
        vision: { available: canShow },
        music: {
          available: music !== null,
          route_available: true,
          configured: music !== null,
          task: "text_to_music",
          providers: musicProviders,
          available_providers: musicProviders,
          ...(hint === undefined ? {} : { config_hint: hint, error: hint }),
        },
      },
    },
    multimodal: { installed: true, capabilities: flags, runtime_output_specs: true },
    tools: { installed: features.tools, count: toolCount },
    visualflow: { installed: true },
    vision_fallback: { installed: false },
    media: { installed: true },
  };
}

function assistantPromptCache(caller: Caller) {
  const session = "/sessions/{session_id}/prompt_cache";
  return {
    ...promptCacheState(caller),
    capabilities_endpoint: path("/prompt_cache/capabilities"),
    stats_endpoint: path("/prompt_cache/stats"),
    session_status_endpoint: path(`${session}/status`),
    session_prepare_endpoint: path(`${session}/prepare`),
    session_clear_endpoint: path(`${session}/clear`),
    session_rebuild_endpoint: path(`${session}/rebuild`),
  };
}
