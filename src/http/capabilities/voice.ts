import type { Settings } from "#config/settings.ts";
import { hint, path } from "#http/capabilities/descriptors.ts";
import { features, notBuilt } from "#http/capabilities/features.ts";

const audioTypes = ["audio/wav", "audio/mpeg", "audio/mp4", "audio/webm", "audio/ogg", "application/octet-stream"];

/** Speech out, speech in, and listening by the client's microphone. */
export function voiceContract(settings: Settings) {
  const maxUploadBytes = settings.limits.maxAttachmentBytes;
  return { tts: speech(), stt: transcription(maxUploadBytes), listen: listening(maxUploadBytes) };
}

function state() {
  return {
    available: features.voice,
    route_available: features.voice,
    installed: features.voice,
    configured: features.voice,
    unsupported: !features.voice,
  };
}

function missing() {
  return features.voice ? {} : { install_hint: notBuilt.voice, ...hint("voice") };
}

function speech() {
  return {
    ...state(),
    endpoint: path("/runs/{run_id}/voice/tts"),
    catalog_endpoint: path("/voice/voices"),
    models_endpoint: path("/audio/speech/models"),
    active_model: null,
    delivery_modes: ["artifact"],
    formats: ["wav", "mp3"],
    content_types: { wav: "audio/wav", mp3: "audio/mpeg" },
    controls: {
      speed: { supported: features.voice, min: 0.5, max: 2, default: 1 },
      quality_preset: { supported: features.voice, values: ["low", "standard", "high"], default: "standard" },
      instructions: { supported: features.voice },
      profile: { supported: features.voice },
      voice_clone: { supported: features.voice },
    },
    voices: [],
    streaming: false,
    durability: "runtime_child_run",
    returns_child_run_id: true,
    ...missing(),
  };
}

function transcription(maxUploadBytes: number) {
  return {
    ...state(),
    endpoint: path("/runs/{run_id}/audio/transcribe"),
    models_endpoint: path("/audio/transcriptions/models"),
    active_model: null,
    input_modes: ["artifact"],
    upload_endpoint: path("/attachments/upload"),
    content_types: audioTypes,
    languages: [],
    max_upload_bytes: maxUploadBytes,
    durability: "runtime_child_run",
    returns_child_run_id: true,
    ...missing(),
  };
}

/** Listening needs an upload for the recording; the wait itself is an event like any other. */
function listening(maxUploadBytes: number) {
  return {
    available: features.attachments,
    host_capture_required: true,
    transcription_available: features.voice,
    transcribe_route_available: features.voice,
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
    ...(features.voice ? {} : { transcription_config_hint: notBuilt.voice }),
    ...hint("attachments"),
  };
}
