import { hint, path } from "#http/capabilities/descriptors.ts";
import { features } from "#http/capabilities/features.ts";

/** Largest image that the media routes take, bytes. */
const maxImageBytes = 20_000_000;

/** Kinds of generated media, each as a workflow node and as a direct route (contract 1.14.3, table of MEDIA). */
export function mediaContract() {
  return {
    generated_image: image("images/generate", "text_to_image", { ...batch(), ...adapters() }),
    edited_image: image("images/edit", "image_to_image", {
      ...batch(),
      ...adapters(),
      input_modes: ["artifact"],
      mask_supported: true,
    }),
    upscaled_image: image("images/upscale", "image_upscale", { ...configured(), input_modes: ["artifact"] }),
    generated_video: video("videos/generate", "text_to_video", "prompt"),
    image_to_video: video("videos/from_image", "image_to_video", "artifact"),
    generated_voice: {
      workflow: { available: features.voice },
      direct_endpoint: {
        available: features.voice,
        route_available: features.voice,
        endpoint: path("/runs/{run_id}/voice/tts"),
        durability: "runtime_child_run",
        returns_child_run_id: true,
        ...hint("voice"),
      },
    },
    generated_music: music(),
  };
}

function workflow(extra: Record<string, unknown> = {}) {
  return { available: features.media, backend: null, event_contract: "workflow_artifact", ...extra, ...hint("media") };
}

function direct(route: string, task: string) {
  return {
    available: features.media,
    route_available: features.media,
    endpoint: path(`/runs/{run_id}/${route}`),
    provider_models_endpoint: path("/vision/provider_models"),
    provider_models_task: task,
    durability: "runtime_child_run",
    returns_child_run_id: true,
    progress_event_name: "abstract.progress",
    progress_scope: "child_run_ledger",
    ...hint("media"),
  };
}

function image(route: string, task: string, extra: Record<string, unknown>) {
  return {
    workflow: workflow(),
    direct_endpoint: {
      ...direct(route, task),
      ...extra,
      artifact_list_field: "image_artifacts",
      formats: ["png", "jpeg", "webp"],
      max_image_bytes: maxImageBytes,
    },
  };
}

function video(route: string, task: string, inputMode: string) {
  return {
    workflow: workflow({ progress_event_name: "abstract.progress" }),
    direct_endpoint: {
      ...direct(route, task),
      ...configured(),
      ...batch(),
      ...adapters(),
      supports_flow_shift: true,
      artifact_list_field: "video_artifacts",
      delivery_modes: ["artifact"],
      input_modes: [inputMode],
      formats: ["mp4"],
      content_types: { mp4: "video/mp4" },
    },
  };
}

function music() {
  const { progress_event_name: _name, progress_scope: _scope, ...shared } = direct("music/generate", "text_to_music");
  return {
    workflow: { available: features.media, event_contract: "workflow_artifact", ...hint("media") },
    direct_endpoint: {
      ...shared,
      ...configured(),
      providers_endpoint: path("/audio/music/providers"),
      provider_models_endpoint: path("/audio/music/models"),
      delivery_modes: ["artifact"],
      formats: ["wav", "mp3", "flac"],
      content_types: { wav: "audio/wav", mp3: "audio/mpeg", flac: "audio/flac" },
    },
  };
}

function configured() {
  return { configured: features.media };
}

function batch() {
  return { supports_batch: true, batch_count_field: "count", batch_seed_field: "seeds" };
}

function adapters() {
  return {
    supports_lora_adapters: true,
    supports_lora_stack: true,
    adapter_catalog_endpoint: path("/vision/adapters"),
  };
}
