import type { Artifacts } from "#artifacts/artifacts.ts";
import type { Effect } from "#core/effect.ts";
import { AppError } from "#core/errors.ts";
import type { Clock } from "#core/time.ts";
import { type JsonObject, isObject } from "#core/value.ts";
import type { EffectContext, Effected } from "#effects/effect-handler.ts";
import { failedCall } from "#effects/failed-call.ts";
import type { MediaSources } from "#effects/media/given-media.ts";
import { keepMedia, mediaItem } from "#effects/media/keep-media.ts";
import { type MediaChoice, type MediaSpec, chooseMaker, readInput, readMediaSpec } from "#effects/media/media-call.ts";
import type { MediaProgress, MediaRequest } from "#models/media/media.ts";
import type { ProviderRegistry } from "#models/provider.ts";

export interface MediaDependencies {
  /** As the owner of the run has them. */
  providers: (runtimeId: string) => ProviderRegistry;
  media: MediaSources;
  artifacts: Artifacts;
  now: Clock;
}

/**
 * A model call that makes or reads something that is not text. What it made becomes durable in the same commit as its outcome: a crash
 * before that leaves nothing, and the call is made again.
 */
export async function makeMedia(deps: MediaDependencies, effect: Effect, context: EffectContext): Promise<Effected> {
  try {
    const spec = readMediaSpec(effect.payload);
    const choice = chooseMaker(deps.providers(context.run.runtime_id), spec.task, spec.output);
    return await make(deps, { spec, choice, payload: effect.payload }, context);
  } catch (error) {
    return failedCall(error);
  }
}

async function make(
  deps: MediaDependencies,
  { spec, choice, payload }: { spec: MediaSpec; choice: MediaChoice; payload: JsonObject },
  context: EffectContext,
): Promise<Effected> {
  const { now } = deps;
  const { request, sourceRefs } = await requestOf(deps, { spec, choice, payload }, context);
  const tell = teller(context, spec, choice);
  tell({ phase: "started", progress: 0, message: `${choice.provider}/${choice.model}` });
  const startedMs = now();
  const made = await choice.maker.make(request, { signal: context.signal, onProgress: tell });
  if (context.signal.aborted) throw new AppError("cancelled", "The call was cancelled");
  if (made.files.length === 0 && made.text === null) {
    throw new AppError(
      "unavailable",
      `${choice.provider} answered without ${spec.task === "stt" ? "a text" : "a file"}`,
    );
  }
  const kept = await keepMedia(deps.artifacts, { spec, choice, made, request, sourceRefs }, context);
  const { provider, model } = choice;
  const items = kept.map((each) => mediaItem(spec, choice, each));
  return {
    artifacts: [...new Map(kept.map(({ row }) => [row.artifact_id, row])).values()],
    outcome: {
      status: "completed",
      result: {
        content: made.text ?? "",
        data: null,
        tool_calls: [],
        ...(made.text === null ? {} : { text: { content: made.text } }),
        outputs: { [spec.modality]: items },
        resources: items.map((item) => item["artifact_ref"] ?? null),
        warnings: made.warnings,
        errors: [],
        provider,
        model,
        finish_reason: "stop",
        metadata: { trace_id: context.idempotency_key },
        trace_id: context.idempotency_key,
        gen_time: now() - startedMs,
      },
    },
  };
}

async function requestOf(
  { media: sources }: MediaDependencies,
  { spec, choice, payload }: { spec: MediaSpec; choice: MediaChoice; payload: JsonObject },
  context: EffectContext,
): Promise<{ request: MediaRequest; sourceRefs: JsonObject[] }> {
  const { task, output, prompt } = spec;
  const family = task === "stt" ? "audio" : "image";
  const source = await readInput(payload, { role: "source", family }, { sources, context });
  const mask = await readInput(payload, { role: "mask", family: "image" }, { sources, context });
  if (source === null && needsSource.includes(task)) {
    throw new AppError("invalid_request", `${family === "audio" ? "audio_artifact" : "image_artifact"} is required`);
  }
  const extra = isObject(output["extra"]) ? output["extra"] : {};
  const options = { ...choice.options, ...output, ...extra, extra_names: Object.keys(extra) };
  const sourceRefs = [source, mask].flatMap((each) => (each?.artifactId ? [{ $artifact: each.artifactId }] : []));
  const request = {
    task,
    model: choice.model,
    prompt,
    options,
    source: source?.input ?? null,
    mask: mask?.input ?? null,
  };
  return { request, sourceRefs };
}

const needsSource: readonly string[] = ["stt", "image_to_image", "image_upscale", "image_to_video"];

/** The same words a second time are not worth a record. */
function teller(context: EffectContext, { task }: MediaSpec, { provider, model }: MediaChoice) {
  let last = "";
  return ({ phase, progress, message }: MediaProgress) => {
    const words = `${phase} ${progress} ${message}`;
    if (words === last) return;
    last = words;
    context.onProgress?.({ phase, progress, message, task, provider, model });
  };
}
