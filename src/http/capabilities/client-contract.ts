import { commandTypes } from "#core/command.ts";
import { type Caller, adminEndpointOf, endpoint, endpointOf, hint, path } from "#http/capabilities/descriptors.ts";
import { features, notBuilt } from "#http/capabilities/features.ts";
import { memory, modelResidency, promptCache } from "#http/capabilities/models.ts";
import type { Settings } from "#config/settings.ts";

export type Common = ReturnType<typeof commonContract>;

/** What every client uses. */
export function commonContract(settings: Settings, caller: Caller) {
  return {
    runs: runs(),
    ledger: {
      replay: endpoint("/runs/{run_id}/ledger"),
      batch: endpoint("/runs/ledger/batch"),
      stream: endpoint("/runs/{run_id}/ledger/stream", { transport: "sse", resume_header: "last-event-id" }),
    },
    artifacts: artifacts(caller),
    attachments: {
      upload: endpointOf("attachments", "/attachments/upload"),
      max_upload_bytes: settings.limits.maxAttachmentBytes,
    },
    workspace: {
      policy_endpoint: path("/workspace/policy"),
      list_files: adminEndpointOf("workspace", caller, "/files/list", "workspace"),
      search_files: adminEndpointOf("workspace", caller, "/files/search", "workspace"),
      open_run_directory: adminEndpointOf("workspace", caller, "/runs/{run_id}/workspace/open", "workspace"),
    },
    configuration: {
      capability_defaults: endpointOf("capabilityDefaults", "/config/capability-defaults", {
        item_endpoint: path("/config/capability-defaults/{kind}/{modality}"),
        schema: "capability_defaults_v1",
      }),
    },
    execution: { code: codeExecution() },
    discovery: discovery(),
    prompt_cache: promptCache(caller),
    model_residency: modelResidency(),
    memory: memory(settings),
  };
}

function runs() {
  return {
    start: endpoint("/runs/start", {
      thinking_control: {
        field: "thinking",
        runtime_field: "_runtime.thinking",
        values: ["off", "low", "medium", "high", "xhigh"],
      },
      idempotency_header: "idempotency-key",
    }),
    schedule: endpointOf("schedule", "/runs/schedule"),
    summary: endpoint("/runs/{run_id}"),
    list: endpoint("/runs"),
    purge_drafts: endpoint("/runs/purge_drafts"),
    input_data: endpoint("/runs/{run_id}/input_data"),
    history_bundle: endpoint("/runs/{run_id}/history_bundle"),
    generate_summary: endpoint("/runs/{run_id}/summary"),
    chat: endpoint("/runs/{run_id}/chat"),
    chat_threads: endpoint("/runs/{run_id}/chat_threads"),
    sessions: endpoint("/sessions", { item_endpoint: path("/sessions/{session_id}") }),
    commands: endpoint("/commands", { types: [...commandTypes], outcome_endpoint: path("/commands/{command_id}") }),
  };
}

function artifacts(caller: Caller) {
  return {
    list: endpointOf("artifactCatalog", "/runs/{run_id}/artifacts"),
    search: endpointOf("artifactCatalog", "/artifacts/search", {
      envelope: "artifact_envelope_v1",
      stats: features.artifactCatalog,
      pagination: ["offset", "cursor"],
      indexed_filters: [
        "semantic_kind",
        "render_kind",
        "modality",
        "content_type",
        "run_id",
        "session_id",
        "workflow_id",
        "node_id",
        "created_after",
        "created_before",
        "tags",
      ],
      post_filter_fields: ["query", "content_type_prefix", "artifact_kind"],
      ui_filters: {
        artifact_kind: { matches: ["semantic_kind", "render_kind", "modality"], separator: ",", exact: true },
      },
    }),
    stats: endpointOf("artifactCatalog", "/artifacts/stats", { schema: "artifact_stats_v1" }),
    session_list: endpointOf("artifactCatalog", "/sessions/{session_id}/artifacts"),
    metadata: endpoint("/runs/{run_id}/artifacts/{artifact_id}"),
    content: endpoint("/runs/{run_id}/artifacts/{artifact_id}/content", {
      access_action_query: "access",
      access_action_aliases: ["access", "access_action"],
      access_actions: ["content", "preview", "download"],
    }),
    import: adminEndpointOf("artifactCatalog", caller, "/artifacts/import", "workspace"),
    export: adminEndpointOf("artifactCatalog", caller, "/runs/{run_id}/artifacts/{artifact_id}/export", "workspace"),
  };
}

function codeExecution() {
  const isBuilt = features.codeNodes;
  return {
    contract: "code_execution_policy_v1",
    version: 1,
    available: isBuilt,
    default_mode: "sandbox",
    ...hint("codeNodes"),
    modes: [
      {
        id: "sandbox",
        label: "Sandbox",
        available: isBuilt,
        default: true,
        safety: "restricted_python",
        description: "Code runs in its own process without files, network or the gateway's memory.",
        ...(isBuilt ? {} : { disabled_reason: notBuilt.codeNodes }),
      },
      {
        id: "full_access",
        label: "Full access",
        available: false,
        requires_host_policy: true,
        safety: "trusted_host",
        disabled_reason: "Code with the rights of the gateway itself is not offered.",
        config_hint: "Use the sandbox.",
      },
    ],
    simulate: endpointOf("visualflows", "/visualflows/code/simulate"),
  };
}

function discovery() {
  return {
    capabilities: path("/discovery/capabilities"),
    providers: path("/discovery/providers"),
    provider_models: path("/discovery/providers/{provider_name}/models"),
    model_capabilities: path("/discovery/models/capabilities"),
    voice_voices: path("/voice/voices"),
    audio_speech_models: path("/audio/speech/models"),
    audio_transcription_models: path("/audio/transcriptions/models"),
    audio_music_providers: path("/audio/music/providers"),
    audio_music_models: path("/audio/music/models"),
    embedding_models: path("/embeddings/models"),
    vision_provider_models: path("/vision/provider_models"),
    vision_models: path("/vision/models"),
    vision_adapters: path("/vision/adapters"),
    tools: path("/discovery/tools"),
    semantics: path("/semantics"),
    catalog_contract: {
      contract: "gateway_catalog_v1",
      version: 1,
      metadata_field: "catalog",
      primary_items_field: "items",
      items_field: "items",
      provider_item_fields: ["id", "label", "provider"],
      model_item_fields: ["id", "label", "provider", "tasks", "parameters"],
      adapter_item_fields: ["id", "label", "provider", "model", "tasks", "compatible_models"],
      voice_item_fields: ["id", "label", "provider", "model", "voice_kind"],
    },
  };
}
