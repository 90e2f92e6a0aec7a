import { AppError } from "#core/errors.ts";
import { parseJson } from "#core/json.ts";
import { isObject } from "#core/value.ts";
import type { MakeMedia, SingleRequest } from "#models/media/media.ts";
import { formText, pickOptions, textOption } from "#models/media/media-options.ts";
import { refusalOf } from "#models/media/media-fetch.ts";
import { type Wire, bearer, call } from "#models/media/wire.ts";

const fields = ["scale", "resolution", "softness", "quantize", "vae_tiling"];

/** A larger image, by a server with `POST /images/upscale`: the form of an edit, the answer of one. Others say that they have no such path. */
export function serverUpscale(wire: Wire): MakeMedia {
  return (request, options) =>
    call(wire, request, options, async (own) => {
      const init = { method: "POST", headers: bearer(own), body: formOf(request), signal: options.signal };
      const response = await own.fetch(`${own.baseUrl}/images/upscale`, init);
      if (response.status === 404 || response.status === 405) {
        await response.body?.cancel();
        throw new AppError("unsupported", `${own.id} does not upscale images (it has no POST /images/upscale)`);
      }
      if (!response.ok) throw await refusalOf(own.id, request.model, response);
      return { files: imagesIn(own.id, parseJson(await response.text())) };
    });
}

function formOf({ model, source, seed, options }: SingleRequest): FormData {
  if (source === null) throw new AppError("invalid_request", "There is no image to upscale");
  const form = new FormData();
  form.set("model", model);
  form.set("image", new File([source.bytes as BlobPart], source.name, { type: source.contentType }));
  form.set("response_format", "b64_json");
  const format = textOption(options, "format");
  if (format) form.set("output_format", format);
  for (const [name, value] of Object.entries(pickOptions(options, fields))) form.set(name, formText(value));
  if (seed !== null) form.set("seed", String(seed));
  return form;
}

function imagesIn(id: string, body: unknown): Uint8Array[] {
  const data = isObject(body) ? body["data"] : null;
  const texts = (Array.isArray(data) ? data : []).filter(isObject).map((each) => each["b64_json"]);
  const images = texts.filter((text) => typeof text === "string").map((text) => Buffer.from(text, "base64"));
  if (images.length === 0) throw new AppError("unavailable", `${id} answered without an image`);
  return images;
}
