import { createGoogle } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { type ImageModel, generateImage } from "ai";
import { AppError } from "#core/errors.ts";
import type { JsonObject } from "#core/value.ts";
import type { MakeMedia, SingleRequest } from "#models/media/media.ts";
import { pickOptions, plain, sizeOption, textOption } from "#models/media/media-options.ts";
import { type Call, type MediaKind, type Wire, call } from "#models/media/wire.ts";

interface ImageWire {
  model: ImageModel;
  /** Names of options as this wire has them. */
  provider: (options: JsonObject, request: SingleRequest) => Record<string, Record<string, never>>;
  /** How the SDK is told the size and the seed; what a wire takes as its own option is not told twice. */
  common: (request: SingleRequest) => object;
}

/** Images by a text, or by an image and a text. */
export function sdkImages(wire: Wire): MakeMedia {
  return (request, options) =>
    call(wire, request, options, async (own) => {
      if (own.kind === "elevenlabs") throw new AppError("unsupported", "ElevenLabs makes no images");
      const { model, provider, common } = imageWires[own.kind](own, request.model);
      const { images, warnings } = await generateImage({
        model,
        prompt: promptOf(request),
        n: request.count,
        maxImagesPerCall: Math.max(1, request.count),
        providerOptions: provider(request.options, request),
        maxRetries: 0,
        abortSignal: options.signal,
        ...common(request),
      });
      return { files: images.map(({ uint8Array }) => uint8Array), warnings: warnings.map(warningText) };
    });
}

function promptOf({ prompt, source, mask }: SingleRequest) {
  if (source === null) return prompt;
  return { text: prompt, images: [source.bytes], ...(mask === null ? {} : { mask: mask.bytes }) };
}

/** What image servers of OpenAI's shape take beside the fields of OpenAI. */
const serverFields = [
  ..."quality style negative_prompt steps guidance_scale guidance_2 strength lora_adapters".split(" "),
  ..."user background".split(" "),
];

const imageWires: Record<Exclude<MediaKind, "elevenlabs">, (own: Call, model: string) => ImageWire> = {
  openai: ({ baseUrl, apiKey, fetch }, model) => ({
    model: createOpenAI({ baseURL: baseUrl, apiKey: apiKey ?? "", fetch }).image(model),
    provider: (options) => {
      const outputFormat = textOption(options, "format");
      // Older models know one format and refuse the field.
      const named =
        outputFormat && outputFormat !== "png" ? { outputFormat: outputFormat === "jpg" ? "jpeg" : outputFormat } : {};
      return {
        openai: { ...pickOptions(options, ["quality", "style", "background", "user"]), ...named } as Record<
          string,
          never
        >,
      };
    },
    common: (request) => ({ ...sizeOf(request), ...seedOf(request) }),
  }),
  "openai-compatible": ({ baseUrl, apiKey, fetch }, model) => ({
    model: createOpenAICompatible({
      name: "server",
      baseURL: baseUrl,
      ...(apiKey === null ? {} : { apiKey }),
      fetch,
    }).imageModel(model),
    provider: (options, { seed, source }) => {
      const format = textOption(options, "format");
      const fields = {
        response_format: "b64_json",
        ...Object.fromEntries(
          Object.entries(pickOptions(options, [...serverFields, ...extraNames(options)])).map(([name, value]) => [
            name,
            formValue(value, source !== null),
          ]),
        ),
        ...(format && format !== "png" ? { output_format: format } : {}),
        ...(seed === null ? {} : { seed }),
      };
      return { server: fields as unknown as Record<string, never> };
    },
    common: sizeOf,
  }),
  google: ({ baseUrl, apiKey, fetch }, model) => ({
    model: createGoogle({ baseURL: baseUrl, apiKey: apiKey ?? "", fetch }).image(model),
    provider: () => ({}),
    common: (request) => ({ ...ratioOf(request), ...seedOf(request) }),
  }),
};

/** What a client gave as `extra` goes along by its own name. */
function extraNames(options: JsonObject): string[] {
  const { extra_names: names } = options;
  return Array.isArray(names) ? names.filter((name): name is string => typeof name === "string") : [];
}

function formValue(value: JsonObject[string], isForm: boolean): unknown {
  const simple = plain(value);
  return isForm && typeof simple === "object" ? JSON.stringify(simple) : simple;
}

function sizeOf({ options }: SingleRequest): object {
  const size = sizeOption(options);
  return size ? { size } : {};
}

function seedOf({ seed }: SingleRequest): object {
  return seed === null ? {} : { seed };
}

const ratios = ["1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9"];

/** Google knows proportions and no sizes: the nearest one. */
function ratioOf({ options }: SingleRequest): object {
  const [width, height] = (sizeOption(options) ?? "").split("x").map(Number);
  if (!width || !height) return {};
  const distance = (ratio: string) => {
    const [a = 1, b = 1] = ratio.split(":").map(Number);
    return Math.abs(Math.log(a / b) - Math.log(width / height));
  };
  return { aspectRatio: ratios.toSorted((a, b) => distance(a) - distance(b))[0] };
}

/** A sentence for what a provider left out. */
export function warningText(warning: { type: string; feature?: string; details?: string; message?: string }): string {
  return warning.message ?? warning.details ?? `${warning.feature ?? "An option"} is not supported`;
}
