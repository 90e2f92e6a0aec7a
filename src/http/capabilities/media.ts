import type { MediaTask } from "#core/media.ts";
import { maxImageBytes } from "#effects/media/keep-media.ts";
import { path } from "#http/capabilities/descriptors.ts";
import { type MediaState, backendOf, mediaHintOf } from "#http/capabilities/media-state.ts";

/** Kinds of generated media, each as a workflow node and as a direct route (contract 1.14.3, table of MEDIA). */
export function mediaContract(state: MediaState) {
  const batched = { ...batch(), ...adapters() };
  return {
    generated_image: image(state, { route: "images/generate", task: "text_to_image", extra: batched }),
    edited_image: image(state, {
      route: "images/edit",
      task: "image_to_image",
      extra: { ...batched, input_modes: ["artifact"], mask_supported: true },
    }),
    upscaled_image: image(state, {
      route: "images/upscale",
      task: "image_upscale",
      extra: { ...configured(state, "image_upscale"), input_modes: ["artifact"] },
    }),
    generated_video: video(state, { route: "videos/generate", task: "text_to_video", inputMode: "prompt" }),
    image_to_video: video(state, { route: "videos/from_image", task: "image_to_video", inputMode: "artifact" }),
    generated_voice: voice(state),
    generated_music: music(state),
  };
}

function workflow(state: MediaState, task: MediaTask, extra: Record<string, unknown> = {}) {
  return {
    available: state[task] !== null,
    backend: state[task]?.provider ?? null,
    event_contract: "workflow_artifact",
    ...extra,
    ...mediaHintOf(state, task),
  };
}

function direct(state: MediaState, route: string, task: MediaTask) {
  return {
    available: state[task] !== null,
    route_available: true,
    endpoint: path(`/runs/{run_id}/${route}`),
    provider_models_endpoint: path("/vision/provider_models"),
    provider_models_task: task,
    durability: "runtime_child_run",
    returns_child_run_id: true,
    progress_event_name: "abstract.progress",
    progress_scope: "child_run_ledger",
    ...mediaHintOf(state, task),
  };
}

interface Kind {
  route: string;
  task: MediaTask;
}

function image(state: MediaState, { route, task, extra }: Kind & { extra: Record<string, unknown> }) {
  return {
    workflow: workflow(state, task),
    direct_endpoint: {
      ...direct(state, route, task),
      ...extra,
      artifact_list_field: "image_artifacts",
      formats: ["png", "jpeg", "webp"],
      max_image_bytes: maxImageBytes,
    },
  };
}

function video(state: MediaState, { route, task, inputMode }: Kind & { inputMode: string }) {
  return {
    workflow: workflow(state, task, { progress_event_name: "abstract.progress" }),
    direct_endpoint: {
      ...direct(state, route, task),
      ...configured(state, task),
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

function voice(state: MediaState) {
  return {
    workflow: { available: state.tts !== null },
    direct_endpoint: {
      available: state.tts !== null,
      route_available: true,
      endpoint: path("/runs/{run_id}/voice/tts"),
      durability: "runtime_child_run",
      returns_child_run_id: true,
      ...mediaHintOf(state, "tts"),
    },
  };
}

function music(state: MediaState) {
  const task = "text_to_music";
  const { progress_event_name: _name, progress_scope: _scope, ...shared } = direct(state, "music/generate", task);
  const available = state[task] !== null;
  return {
    workflow: { available, event_contract: "workflow_artifact", ...mediaHintOf(state, task) },
    direct_endpoint: {
      ...shared,
      ...configured(state, task),
      ...backendOf(state, task),
      providers_endpoint: path("/audio/music/providers"),
      provider_models_endpoint: path("/audio/music/models"),
      delivery_modes: ["artifact"],
      formats: ["wav", "mp3", "flac"],
      content_types: { wav: "audio/wav", mp3: "audio/mpeg", flac: "audio/flac" },
    },
  };
}

function configured(state: MediaState, task: MediaTask) {
  return { configured: state[task] !== null };
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
