import type { Settings } from "#config/settings.ts";
import { type Caller, hint, path } from "#http/capabilities/descriptors.ts";
import { features } from "#http/capabilities/features.ts";
import { cacheOperations } from "#models/cache-operations.ts";
import { residencyTasks } from "#models/residency.ts";

/** Tasks of the contract. */
const tasks = [
  "text_generation",
  "embedding",
  "image_generation",
  "image_to_image",
  "image_upscale",
  "text_to_video",
  "image_to_video",
  "video_generation",
  "tts",
  "stt",
  "music_generation",
];

function isSupported(task: string): boolean {
  return features.modelResidency && residencyTasks.some((each) => each === task);
}

export function modelResidency() {
  return {
    route_available: features.modelResidency,
    available: features.modelResidency,
    source: "abstractgateway.models",
    endpoints: { loaded: path("/models/loaded"), load: path("/models/load"), unload: path("/models/unload") },
    tasks,
    supports: Object.fromEntries(tasks.map((task) => [task, isSupported(task)])),
    task_capabilities: Object.fromEntries(
      residencyTasks.map((task) => [task, { list_loaded: true, load: true, unload: true, pin: true }]),
    ),
    supported_tasks: tasks.filter(isSupported),
    unsupported_tasks: tasks.filter((task) => !isSupported(task)),
    ledger: "Loading and unloading outside of runs is not recorded in a ledger.",
    ...hint("modelResidency"),
  };
}

export function promptCache(caller: Caller) {
  const endpoints = cacheOperations;
  const sessionEndpoints = ["status", "prepare", "clear", "rebuild"];
  return {
    ...promptCacheState(caller),
    endpoints: Object.fromEntries(endpoints.map((name) => [name, path(`/prompt_cache/${name}`)])),
    session_endpoints: Object.fromEntries(
      sessionEndpoints.map((name) => [name, path(`/sessions/{session_id}/prompt_cache/${name}`)]),
    ),
  };
}

export function promptCacheState({ isAdmin }: Caller) {
  return {
    provider_controls: features.promptCache,
    provider_controls_available: features.promptCache && isAdmin,
    ...(isAdmin
      ? {}
      : {
          provider_controls_denied_reason: "admin_required",
          provider_controls_required_role: "admin",
          provider_controls_resource_class: "prompt_cache",
        }),
    session_lifecycle: features.promptCache,
    session_lifecycle_available: features.promptCache,
    ...hint("promptCache"),
    durable_blocs: durableBlocs(),
  };
}

function durableBlocs() {
  return {
    route_available: features.blocs,
    available: features.blocs,
    lifecycle_available: features.blocs,
    source: "abstractgateway.models",
    endpoints: {
      upsert_text: path("/blocs/upsert_text"),
      record: path("/blocs/record"),
      list: path("/blocs"),
      delete: path("/blocs/delete"),
      kv_manifest: path("/blocs/kv/manifest"),
      kv_list: path("/blocs/kv/list"),
      kv_ensure: path("/blocs/kv/ensure"),
      kv_load: path("/blocs/kv/load"),
      kv_delete: path("/blocs/kv/delete"),
      kv_prune: path("/blocs/kv/prune"),
    },
    stable_identifiers: ["bloc_id", "sha256"],
    exact_reuse_binding_param: "prompt_cache_binding",
    ledger: "Not recorded in a ledger.",
    ...hint("blocs"),
  };
}

export function memory({ memory: { backend, dir, uri }, models }: Settings) {
  const isPersistent = backend !== "memory";
  return {
    installed: true,
    route_available: true,
    available: true,
    endpoint: path("/kg/query"),
    backend,
    path: isPersistent ? (uri ?? dir) : null,
    // The ledger keeps every assertion, whatever the index does.
    persistent: true,
    structured_query: true,
    semantic_query: true,
    keyword_query: true,
    vector_capable: true,
    embedder_configured: models.embedding !== null || models.dirs.length > 0,
    write: {
      assert: path("/kg/assert"),
      invalidate: path("/kg/invalidate"),
      undo: path("/kg/undo"),
      import: path("/kg/import"),
    },
    read: {
      resolve: path("/kg/resolve"),
      neighbors: path("/kg/neighbors"),
      assertion: path("/kg/assertions/{assertion_id}"),
      export: path("/kg/export"),
    },
  };
}
