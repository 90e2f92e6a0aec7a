import type { Settings } from "#config/settings.ts";
import { hint, path } from "#http/capabilities/descriptors.ts";
import { features } from "#http/capabilities/features.ts";
import { type MediaState, backendOf, mediaHintOf } from "#http/capabilities/media-state.ts";
import { mediaHint } from "#models/media/unavailable.ts";

const audioTypes = ["audio/wav", "audio/mpeg", "audio/mp4", "audio/webm", "audio/ogg", "application/octet-stream"];

/** Speech out, speech in, and listening by the client's microphone. */
export function voiceContract(settings: Settings, state: MediaState) {
  const maxUploadBytes = settings.limits.maxAttachmentBytes;
  return {
    tts: speech(state),
    stt: transcription(state, maxUploadBytes),
    listen: listening(state, maxUploadBytes),
  };
}

function availability(state: MediaState, task: "tts" | "stt") {
  const isThere = state[task] !== null;
  return { available: isThere, route_available: true, installed: true, configured: isThere, unsupported: false };
}

function missing(state: MediaState, task: "tts" | "stt") {
  return state[task] === null ? { install_hint: mediaHint(task), ...mediaHintOf(state, task) } : backendOf(state, task);
}

function speech(state: MediaState) {
  return {
    ...availability(state, "tts"),
    endpoint: path("/runs/{run_id}/voice/tts"),
    catalog_endpoint: path("/voice/voices"),
    models_endpoint: path("/audio/speech/models"),
    active_model: state.tts?.model ?? null,
    delivery_modes: ["artifact"],
    formats: ["wav", "mp3"],
    content_types: { wav: "audio/wav", mp3: "audio/mpeg" },
    controls: {
      speed: { supported: true, min: 0.5, max: 2, default: 1 },
      quality_preset: { supported: false, values: ["low", "standard", "high"], default: "standard" },
      instructions: { supported: true },
      profile: { supported: true },
      voice_clone: { supported: false },
    },
    voices: [],
    streaming: false,
    durability: "runtime_child_run",
    returns_child_run_id: true,
    ...missing(state, "tts"),
  };
}

function transcription(state: MediaState, maxUploadBytes: number) {
  return {
    ...availability(state, "stt"),
    endpoint: path("/runs/{run_id}/audio/transcribe"),
    models_endpoint: path("/audio/transcriptions/models"),
    active_model: state.stt?.model ?? null,
    input_modes: ["artifact"],
    upload_endpoint: path("/attachments/upload"),
    content_types: audioTypes,
    languages: [],
    max_upload_bytes: maxUploadBytes,
    durability: "runtime_child_run",
    returns_child_run_id: true,
    ...missing(state, "stt"),
  };
}

/** Listening needs an upload for the recording; the wait itself is an event like any other. */
function listening(state: MediaState, maxUploadBytes: number) {
  return {
    available: features.attachments,
    host_capture_required: true,
    transcription_available: state.stt !== null,
    transcribe_route_available: true,
    upload_endpoint: path("/attachments/upload"),
    transcribe_endpoint: path("/runs/{run_id}/audio/transcribe"),
    models_endpoint: path("/audio/transcriptions/models"),
    input_modes: ["artifact"],
    content_types: audioTypes,
    max_upload_bytes: maxUploadBytes,
    durability: "workflow_wait_event",
    wait_event_transport: "emit_event",
    commands_endpoint: path("/commands"),
    commands_type: "emit_event",
    returns_audio_artifact: true,
    returns_text: true,
    wait_details: {
      input_mode: "voice",
      event_payload: { audio_artifact: { $artifact: "..." }, text: "what was understood, where the client knows it" },
    },
    transcription_durability: "runtime_child_run",
    transcription_returns_child_run_id: true,
    ...(state.stt === null ? { transcription_config_hint: mediaHint("stt") } : {}),
    ...hint("attachments"),
  };
}
