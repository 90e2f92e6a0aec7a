import { AppError } from "#core/errors.ts";
import { parseJson } from "#core/json.ts";
import { type JsonObject, isObject, numberOf } from "#core/value.ts";
import type { MakeMedia, MediaCallOptions, SingleRequest } from "#models/media/media.ts";
import { formText, numberOption, pickOptions, sizeOption } from "#models/media/media-options.ts";
import { refusalOf } from "#models/media/media-fetch.ts";
import { type Call, type Wire, bearer, call } from "#models/media/wire.ts";

/** What servers of this shape take beside OpenAI's own fields. */
const serverFields =
  "fps num_frames steps guidance_scale guidance_2 flow_shift negative_prompt lora_adapters quality style".split(" ");

/** OpenAI's videos: a job is started, looked after, and its film fetched. The AI SDK has no model for it. */
export function openAiVideos(wire: Wire, firstPollMs: number): MakeMedia {
  return (request, options) =>
    call(wire, request, options, async (own) => {
      const started = await ask(own, request, {
        path: "/videos",
        init: { method: "POST", body: formOf(own, request), signal: options.signal },
      });
      const { id } = started;
      if (typeof id !== "string" || id === "")
        throw new AppError("unavailable", `${own.id} started a video without an id`);
      try {
        await finished(own, request, { job: started, id, options, firstPollMs });
        const film = await own.fetch(`${own.baseUrl}/videos/${encodeURIComponent(id)}/content`, {
          headers: bearer(own),
          signal: options.signal,
        });
        if (!film.ok) throw await refusalOf(own.id, request.model, film);
        return { files: [await film.bytes()] };
      } catch (error) {
        if (options.signal.aborted) void giveUp(own, id);
        throw error;
      }
    });
}

function formOf(own: Call, { model, prompt, options, seed, source }: SingleRequest): FormData {
  const form = new FormData();
  form.set("model", model);
  form.set("prompt", prompt);
  const size = sizeOption(options);
  if (size) form.set("size", size);
  const durationS = numberOption(options, "duration_s");
  if (durationS !== undefined) form.set("seconds", String(durationS));
  if (own.kind === "openai-compatible") {
    for (const [name, value] of Object.entries(pickOptions(options, serverFields))) {
      form.set(name, formText(value));
    }
    if (seed !== null) form.set("seed", String(seed));
  }
  if (source)
    form.set("input_reference", new File([source.bytes as BlobPart], source.name, { type: source.contentType }));
  return form;
}

const longestPollMs = 10_000;

interface Job {
  job: JsonObject;
  id: string;
  options: MediaCallOptions;
  firstPollMs: number;
}

async function finished(
  own: Call,
  request: SingleRequest,
  { job: first, id, options, firstPollMs }: Job,
): Promise<void> {
  let job = first;
  for (let pollMs = firstPollMs; ; pollMs = Math.min(longestPollMs, pollMs * 1.5)) {
    const { status, progress, error } = job;
    if (status === "completed") return;
    if (status !== "queued" && status !== "in_progress") {
      const said = isObject(error) && typeof error["message"] === "string" ? error["message"] : "it failed";
      throw new AppError("unavailable", `${own.id} could not make the video: ${said.slice(0, 300)}`);
    }
    const percent = numberOf(progress);
    options.onProgress?.({
      phase: "generating",
      progress: percent === null ? null : percent / 100,
      message: status,
    });
    await pause(pollMs, options.signal);
    job = await ask(own, request, { path: `/videos/${encodeURIComponent(id)}`, init: { signal: options.signal } });
  }
}

async function ask(
  own: Call,
  { model }: SingleRequest,
  { path, init }: { path: string; init: RequestInit },
): Promise<JsonObject> {
  const response = await own.fetch(own.baseUrl + path, { ...init, headers: bearer(own) });
  if (!response.ok) throw await refusalOf(own.id, model, response);
  const value = parseJson(await response.text());
  if (!isObject(value)) throw new AppError("unavailable", `${own.id} told nothing of a video`);
  return value;
}

/** Nobody will fetch it: the job need not go on. */
async function giveUp(own: Call, id: string): Promise<void> {
  const init = { method: "DELETE", headers: bearer(own), signal: AbortSignal.timeout(5000) };
  await own.fetch(`${own.baseUrl}/videos/${encodeURIComponent(id)}`, init).catch(() => undefined);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = () => {
      clearTimeout(timer);
      reject(new AppError("cancelled", "The call was cancelled"));
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", leave);
      resolve();
    }, ms);
    if (signal.aborted) leave();
    else signal.addEventListener("abort", leave, { once: true });
  });
}
