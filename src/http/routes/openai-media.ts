import { Type as t } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { AppError } from "#core/errors.ts";
import type { JsonObject } from "#core/value.ts";
import { readJsonBody } from "#http/body.ts";
import { type MadeOnce, makeOnce } from "#http/openai/make-media.ts";
import { fileField, missing, numberField, readMediaForm, textField } from "#http/openai/media-form.ts";
import { openAiErrorReply } from "#http/openai/openai-error.ts";
import { operation } from "#http/operation.ts";
import type { MediaContext } from "#http/routes/media.ts";
import {
  OpenAiImageEditForm,
  OpenAiImageRequest,
  OpenAiImages,
  OpenAiSpeechRequest,
  OpenAiTranscription,
  OpenAiTranscriptionForm,
} from "#http/schemas/openai-media.ts";
import type { Services } from "#http/services.ts";
import { bodyCheck, shownText } from "#http/validation.ts";

const speechBody = bodyCheck(OpenAiSpeechRequest);
const imageBody = bodyCheck(OpenAiImageRequest);
const errors = [400, 404, 413, 501, 502, 503];

/** The makers of media for clients that speak OpenAI's API: one call each, of which nothing is kept. */
export function openAiMediaRoutes(context: MediaContext) {
  return new Elysia().use(jsonRoutes(context)).use(formRoutes(context));
}

/** Errors in OpenAI's shape, and no idle time-out while the provider works. */
function route(
  { access, keepOpen }: MediaContext,
  answer: (services: Services, request: Request, limitBytes: number) => Promise<Response>,
) {
  return async ({ request }: { request: Request }) => {
    try {
      keepOpen(request);
      return await answer(access.services(request), request, access.bodyLimitBytes(request));
    } catch (error) {
      return openAiErrorReply(error);
    }
  };
}

function jsonRoutes(context: MediaContext) {
  return new Elysia()
    .post(
      "/v1/audio/speech",
      route(context, async (services, request, limit) =>
        speech(
          services,
          speechBody.check((await readJsonBody(request, limit, { floats: false })).value),
          request.signal,
        ),
      ),
      operation({
        id: "createSpeech",
        summary: "Speak a text",
        tag: "openai",
        body: OpenAiSpeechRequest,
        response: t.String({ format: "binary", description: "The recording, in its own media type." }),
        responseType: "audio/mpeg",
        errors,
      }),
    )
    .post(
      "/v1/images/generations",
      route(context, async (services, request, limit) =>
        images(
          services,
          imageBody.check((await readJsonBody(request, limit, { floats: false })).value),
          request.signal,
        ),
      ),
      operation({
        id: "createImage",
        summary: "Make images",
        tag: "openai",
        body: OpenAiImageRequest,
        response: OpenAiImages,
        errors,
      }),
    );
}

function formRoutes(context: MediaContext) {
  return new Elysia()
    .post(
      "/v1/audio/transcriptions",
      route(context, async (services, request, limit) =>
        transcription(services, await readMediaForm(request, limit), request.signal),
      ),
      operation({
        id: "createTranscription",
        summary: "Write down a recording",
        tag: "openai",
        form: OpenAiTranscriptionForm,
        response: OpenAiTranscription,
        errors,
      }),
    )
    .post(
      "/v1/images/edits",
      route(context, async (services, request, limit) =>
        edit(services, await readMediaForm(request, limit), request.signal),
      ),
      operation({
        id: "createImageEdit",
        summary: "Change an image",
        tag: "openai",
        form: OpenAiImageEditForm,
        response: OpenAiImages,
        errors,
      }),
    );
}

async function speech(services: Services, body: OpenAiSpeechRequest, signal: AbortSignal): Promise<Response> {
  if (body.input.trim() === "") throw new AppError("invalid_request", "input is empty");
  const { voice, speed, instructions, response_format: format } = body;
  const options: JsonObject = { format: format?.trim() || "mp3", ...set({ voice, speed, instructions }) };
  const made = await makeOnce(
    services,
    { task: "tts", model: body.model ?? null, prompt: body.input, options },
    signal,
  );
  const [first] = made.files;
  if (!first) throw new AppError("unavailable", "The provider answered without a recording");
  return new Response(first.bytes as BodyInit, { headers: { "content-type": first.file.contentType } });
}

async function images(services: Services, body: OpenAiImageRequest, signal: AbortSignal): Promise<Response> {
  if (body.prompt.trim() === "") throw new AppError("invalid_request", "prompt is empty");
  assertBase64(body.response_format ?? null);
  const { size, quality, style, background, n, output_format } = body;
  const options = set({ size, quality, style, background, count: n, format: output_format });
  return imageReply(
    services,
    await makeOnce(
      services,
      { task: "text_to_image", model: body.model ?? null, prompt: body.prompt, options },
      signal,
    ),
  );
}

async function edit(services: Services, form: FormData, signal: AbortSignal): Promise<Response> {
  const source = await fileField(form, "image", "image");
  const prompt = textField(form, "prompt");
  if (source === null) throw missing("image", "a file is expected");
  if (prompt === null) throw missing("prompt", "what is to change");
  assertBase64(textField(form, "response_format"));
  const wish = {
    task: "image_to_image" as const,
    model: textField(form, "model"),
    prompt,
    source,
    mask: await fileField(form, "mask", "image"),
    options: set({
      size: textField(form, "size"),
      count: numberField(form, "n", [1, 10]),
      quality: textField(form, "quality"),
    }),
  };
  return imageReply(services, await makeOnce(services, wish, signal));
}

async function transcription(services: Services, form: FormData, signal: AbortSignal): Promise<Response> {
  const source = await fileField(form, "file", "audio");
  if (source === null) throw missing("file", "a file is expected");
  const format = textField(form, "response_format") ?? "json";
  if (format !== "json" && format !== "text") {
    throw new AppError("invalid_request", `response_format must be json or text, not '${shownText(format)}'`);
  }
  const options = set({
    language: textField(form, "language"),
    prompt: textField(form, "prompt"),
    temperature: numberField(form, "temperature", [0, 2]),
  });
  const wish = { task: "stt" as const, model: textField(form, "model"), prompt: "", source, options };
  const { text } = await makeOnce(services, wish, signal);
  if (format === "text") return new Response(text ?? "", { headers: { "content-type": "text/plain; charset=utf-8" } });
  return Response.json({ text: text ?? "" });
}

function assertBase64(format: string | null): void {
  if (format === null || format === "b64_json") return;
  throw new AppError("invalid_request", `response_format must be b64_json, not '${shownText(format)}'`);
}

function imageReply({ now }: Services, { files }: MadeOnce): Response {
  const data = files.map(({ bytes }) => ({ b64_json: Buffer.from(bytes).toString("base64") }));
  return Response.json({ created: Math.floor(now() / 1000), data });
}

function set(fields: Record<string, string | number | null | undefined>): JsonObject {
  const given = Object.entries(fields).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return Object.fromEntries(given) as JsonObject;
}
