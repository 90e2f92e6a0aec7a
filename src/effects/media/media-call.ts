import { AppError } from "#core/errors.ts";
import { type MediaTask, mediaWords, taskOfOutput } from "#core/media.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import type { EffectContext } from "#effects/effect-handler.ts";
import { type MediaSources, maxMediaBytes, readMedia } from "#effects/media/given-media.ts";
import { mediaType } from "#ledger/artifact-kinds.ts";
import { checkMedia } from "#models/media/check-media.ts";
import type { MediaInput, MediaMaker } from "#models/media/media.ts";
import { mediaUnavailable } from "#models/media/unavailable.ts";
import type { ProviderRegistry } from "#models/provider.ts";
import { unknownProvider } from "#models/unknown-provider.ts";

/** What a model call asks for that is not text. */
export interface MediaSpec {
  task: MediaTask;
  /** Both in the words of the output. */
  modality: string;
  kind: string;
  /** As the flow wrote it. */
  output: JsonObject;
  prompt: string;
}

/** Whether a model call asks for anything but text. */
export function isMediaCall(payload: JsonObject): boolean {
  return wanted(payload).length > 0;
}

function wanted({ output, outputs }: JsonObject): Value[] {
  const given = output ?? outputs ?? null;
  return (Array.isArray(given) ? given : [given]).filter((each) => each !== null && !isText(each));
}

function isText(output: Value): boolean {
  return output === "text" || (isObject(output) && output["modality"] === "text" && output["task"] !== "transcription");
}

/** AppError `invalid_request` when it asks for several things at once, for something unknown, or without words. */
export function readMediaSpec(payload: JsonObject): MediaSpec {
  const [output, ...more] = wanted(payload);
  const task = taskOfOutput(output);
  if (more.length > 0) throw new AppError("invalid_request", "A model call makes one kind of media at a time");
  if (task === null || !isObject(output) || typeof output["modality"] !== "string") {
    throw new AppError(
      "invalid_request",
      `A model call cannot make this output: ${JSON.stringify(output).slice(0, 200)}`,
    );
  }
  const prompt = [payload["prompt"], payload["text"]].find((each) => typeof each === "string" && each.trim() !== "");
  const needsNone = task === "stt" || task === "image_upscale";
  if (typeof prompt !== "string" && !needsNone) {
    throw new AppError("invalid_request", task === "tts" ? "text is required" : "prompt is required");
  }
  const kind = task === "stt" || typeof output["task"] !== "string" ? task : output["task"];
  return { task, kind, modality: output["modality"], output, prompt: typeof prompt === "string" ? prompt : "" };
}

export interface MediaChoice {
  provider: string;
  model: string;
  maker: MediaMaker;
  /** Options of the default, under those of the call. */
  options: JsonObject;
}

/** Who makes it: the call's pair, else the default of the task. AppErrors `unavailable`, `not_found`, `unsupported` with what to do. */
export function chooseMaker(providers: ProviderRegistry, task: MediaTask, named: JsonObject): MediaChoice {
  const route = providers.mediaRoute(task);
  const id = textIn(named["provider"])?.toLowerCase() ?? route?.provider.toLowerCase();
  if (id === undefined) throw mediaUnavailable(task);
  const provider = providers.get(id);
  if (!provider) throw new AppError("not_found", unknownProvider(providers, id));
  const { media: maker } = provider;
  if (!maker?.tasks.includes(task)) {
    throw new AppError("unsupported", `The provider '${id}' has no way for ${mediaWords[task]}`);
  }
  const isDefault = route?.provider.toLowerCase() === id;
  const model = textIn(named["model"]) ?? (isDefault ? route?.model : undefined) ?? maker.usual[task];
  if (model === undefined) throw new AppError("invalid_request", `Name a model of '${id}' for ${mediaWords[task]}`);
  return { provider: id, model: withoutProvider(model, id), maker, options: isDefault && route ? route.options : {} };
}

/** Some write the provider in front of its model once more. */
function withoutProvider(model: string, provider: string): string {
  return model.startsWith(`${provider}/`) ? model.slice(provider.length + 1) : model;
}

/** What goes into the call, by its role. AppErrors of `readMedia`; `invalid_request` for the wrong kind of file. */
export async function readInput(
  payload: JsonObject,
  { role, family }: { role: "source" | "mask"; family: "image" | "audio" },
  { sources, context }: { sources: MediaSources; context: EffectContext },
): Promise<{ input: MediaInput; artifactId: string | null } | null> {
  const items = Array.isArray(payload["media"]) ? payload["media"] : [];
  const item = items.find((each) => roleOf(each) === role);
  if (item === undefined) return null;
  const { run, vars, signal } = context;
  const [given] = await readMedia([item], sources, { run, vars, signal });
  if (!given) return null;
  const { bytes, name, contentType, sizeBytes, artifactId } = given;
  const subject = `The attachment '${name}'`;
  if (bytes === null) {
    throw new AppError("too_large", `${subject} has ${sizeBytes} bytes, and at most ${maxMediaBytes} can be sent`);
  }
  const type = mediaType(contentType);
  if (type !== "application/octet-stream" && !type.startsWith(`${family}/`)) {
    throw new AppError(
      "invalid_request",
      `${subject} is ${type} and not ${family === "image" ? "an image" : "a recording"}`,
    );
  }
  if (bytes.length === 0) throw new AppError("invalid_request", `${subject} is empty`);
  if (family === "image") checkMedia(family, bytes, { subject, code: "invalid_request" });
  return { input: { bytes, contentType: type, name }, artifactId };
}

function roleOf(item: Value): string {
  return isObject(item) && typeof item["role"] === "string" ? item["role"] : "source";
}

function textIn(value: Value | undefined): string | undefined {
  return typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;
}
