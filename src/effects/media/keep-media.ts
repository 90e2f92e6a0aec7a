import type { Artifacts } from "#artifacts/artifacts.ts";
import { AppError } from "#core/errors.ts";
import { type MediaTask, isMediaWorkflow } from "#core/media.ts";
import type { JsonObject } from "#core/value.ts";
import type { EffectContext } from "#effects/effect-handler.ts";
import type { MediaChoice, MediaSpec } from "#effects/media/media-call.ts";
import type { ArtifactRow } from "#ledger/ledger.ts";
import { type CheckedMedia, checkMedia, mediaFamilies } from "#models/media/check-media.ts";
import type { MediaRequest, MediaResult } from "#models/media/media.ts";

/** Largest image that is kept, bytes. */
export const maxImageBytes = 20_000_000;

export interface MadeMedia {
  spec: MediaSpec;
  choice: MediaChoice;
  made: MediaResult;
  request: MediaRequest;
  sourceRefs: JsonObject[];
}

/** A file with its row, which is not committed yet. */
export interface KeptMedia {
  row: ArtifactRow;
  filename: string;
  seed: number | null;
}

/** Checks what a provider sent and stores it. AppErrors `unavailable` for what is no such file, `too_large`. */
export async function keepMedia(artifacts: Artifacts, media: MadeMedia, context: EffectContext): Promise<KeptMedia[]> {
  const { made, spec, choice } = media;
  if (made.text !== null) {
    const bytes = new TextEncoder().encode(made.text);
    const file = { contentType: "text/plain; charset=utf-8", format: "txt", facts: {} };
    return [await keep(artifacts, media, { bytes, file, filename: "transcript.txt", seed: null, context })];
  }
  const checked = made.files.map(({ bytes, seed }) => ({ bytes, seed, file: check(spec, choice, bytes) }));
  const kept: KeptMedia[] = [];
  for (const [index, { bytes, seed, file }] of checked.entries()) {
    const number = checked.length > 1 ? `_${index + 1}` : "";
    const filename = `${stems[spec.task](spec)}${number}.${file.format}`;
    kept.push(await keep(artifacts, media, { bytes, file, filename, seed, context }));
  }
  return kept;
}

/** Names of files (contract http-api 1.16). */
const stems: Record<MediaTask, (spec: MediaSpec) => string> = {
  tts: () => "tts",
  stt: () => "transcript",
  text_to_image: () => "generated",
  image_to_image: () => "edited",
  image_upscale: () => "upscaled",
  text_to_video: () => "video",
  image_to_video: () => "video",
  text_to_music: ({ output }) => (output["task"] === "text_to_audio" ? "sound" : "music"),
};

function check({ task, output }: MediaSpec, { provider }: MediaChoice, bytes: Uint8Array): CheckedMedia {
  const family = mediaFamilies[task];
  if (family === "image" && bytes.length > maxImageBytes) {
    throw new AppError("too_large", `Image too large (${bytes.length} bytes > ${maxImageBytes} bytes)`);
  }
  // Bare samples look like nothing.
  if (output["format"] === "pcm" && bytes.length > 0)
    return { contentType: "application/octet-stream", format: "pcm", facts: {} };
  return checkMedia(family, bytes, { subject: `What ${provider} sent`, code: "unavailable" });
}

interface OneFile {
  bytes: Uint8Array;
  file: CheckedMedia;
  filename: string;
  seed: number | null;
  context: EffectContext;
}

async function keep(artifacts: Artifacts, media: MadeMedia, one: OneFile): Promise<KeptMedia> {
  const { bytes, file, filename, seed, context } = one;
  const { run } = context;
  const isDirect = run.bundle_digest === null && isMediaWorkflow(run.workflow_id);
  const owner = { runtimeId: run.runtime_id, runId: isDirect ? (run.parent_run_id ?? run.run_id) : run.run_id };
  const received = await artifacts.receive(once(bytes), { maxBytes: Math.max(1, bytes.length), owner });
  const tags = { ...tagsOf(media.spec, context, isDirect), filename, format: file.format };
  const descriptor = descriptorOf(media, one);
  const row = await artifacts.keep(received, { owner, contentType: file.contentType, tags, metadata: { descriptor } });
  return { row, filename, seed };
}

// oxlint-disable-next-line require-await -- the store takes what comes in pieces
async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function tagsOf(
  { task, kind }: MediaSpec,
  { run, node_id, vars }: EffectContext,
  isDirect: boolean,
): Record<string, string> {
  const family = mediaFamilies[task];
  const media = vars["media_call"];
  const requestId =
    isDirect && typeof media === "object" && media !== null && "request_id" in media ? media["request_id"] : null;
  return {
    kind: task === "stt" ? "derived_text" : "generated_media",
    modality: family,
    task: kind,
    source: isDirect ? `gateway_direct_${task}` : "workflow",
    ...(typeof requestId === "string" ? { request_id: requestId } : {}),
    ...(run.session_id === null ? {} : { session_id: run.session_id }),
    ...(isDirect ? {} : { node_id }),
  };
}

/** What an artifact is and how it came to be (contract http-api 1.9). */
function descriptorOf({ spec, choice, request, sourceRefs }: MadeMedia, { file, seed, context }: OneFile): JsonObject {
  const { task, kind, prompt } = spec;
  const { run, node_id, step_id, idempotency_key } = context;
  const modality = task === "stt" ? "text" : mediaFamilies[task];
  const {
    extra: _,
    extra_names: __,
    provider: ___,
    model: ____,
    modality: _____,
    task: ______,
    ...options
  } = request.options;
  return {
    semantic_kind: task === "stt" ? "transcript" : spec.modality,
    render_kind: modality,
    modality,
    task: kind,
    session_id: run.session_id,
    workflow_id: run.workflow_id,
    node_id,
    step_id,
    effect_id: idempotency_key,
    parent_run_id: run.parent_run_id,
    actor_id: run.actor_id,
    producer: { provider: choice.provider, model: choice.model, run_id: run.run_id },
    provenance: { kind: task === "stt" ? "derived" : "generated", run_id: run.run_id, node_id, step_id },
    generation: { prompt: prompt.slice(0, 4000), ...options, ...(seed === null ? {} : { seed }) },
    media: file.facts,
    source_refs: sourceRefs,
  };
}

/** One entry of a result's `outputs`, with what nodes and routes hand on. */
export function mediaItem(
  { output }: MediaSpec,
  { provider, model }: MediaChoice,
  { row, filename, seed }: KeptMedia,
): JsonObject {
  const { artifact_id, content_type, size_bytes, blob_id, run_id } = row;
  const facts = { content_type, filename, size_bytes, sha256: blob_id };
  return {
    modality: output["modality"] ?? null,
    task: output["task"] ?? null,
    artifact_id,
    artifact_ref: { $artifact: artifact_id, artifact_id, run_id, ...facts },
    ...facts,
    provider,
    model,
    ...(seed === null ? {} : { seed }),
  };
}
