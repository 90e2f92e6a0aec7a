import { commonContract } from "#http/capabilities/client-contract.ts";
import { type Caller, path } from "#http/capabilities/descriptors.ts";
import { features, notBuilt } from "#http/capabilities/features.ts";
import { flowEditorContract } from "#http/capabilities/flow-editor.ts";
import { mediaContract } from "#http/capabilities/media.ts";
import { promptCacheState } from "#http/capabilities/models.ts";
import { readiness } from "#http/capabilities/readiness.ts";
import { voiceContract } from "#http/capabilities/voice.ts";
import type { Services } from "#http/services.ts";

/** The document that clients enable themselves by (contract 1.14.3). Made without asking anybody, so it is there at once. */
export function capabilities(
  { settings, version, tools }: Pick<Services, "settings" | "version" | "tools">,
  caller: Caller,
) {
  const common = commonContract(settings, caller);
  const voice = voiceContract(settings);
  const media = mediaContract();
  const assistantCache = assistantPromptCache(caller);
  return {
    capabilities: {
      ...packages(version, tools.list().length),
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
function packages(version: string, toolCount: number) {
  const builtIn = { installed: true, version, builtin: true };
  const part = (isBuilt: boolean, error: string) => (isBuilt ? builtIn : { installed: false, error });
  const flags = { voice: features.voice, audio: features.voice, vision: features.media, music: features.media };
  return {
    abstractgateway: builtIn,
    abstractruntime: builtIn,
    abstractcore: builtIn,
    abstractmemory: builtIn,
    abstractvoice: part(features.voice, notBuilt.voice),
    abstractvision: part(features.media, notBuilt.media),
    voice: features.voice ? builtIn : { installed: false, error: notBuilt.voice, install_hint: notBuilt.voice },
    capability_plugins: {
      installed: true,
      group: "abstractgateway.builtin",
      plugins_seen: [],
      plugin_errors: [],
      capabilities: {
        voice: { available: features.voice },
        audio: { available: features.voice },
        vision: { available: features.media },
        music: {
          available: features.media,
          route_available: features.media,
          configured: false,
          task: "text_to_music",
          providers: [],
          available_providers: [],
          ...(features.media ? {} : { config_hint: notBuilt.media, error: notBuilt.media }),
        },
      },
    },
    multimodal: { installed: features.media, capabilities: flags, runtime_output_specs: features.media },
    tools: { installed: features.tools, count: toolCount },
    visualflow: { installed: true },
    vision_fallback: { installed: features.media },
    media: { installed: features.media },
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
