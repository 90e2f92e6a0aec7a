import type { MediaTask } from "#core/media.ts";
import { AppError } from "#core/errors.ts";
import { parseJson } from "#core/json.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import type { MediaModel, Voice } from "#models/media/media.ts";
import { refusalOf } from "#models/media/media-fetch.ts";
import { type Wire, bearer } from "#models/media/wire.ts";
import { fetchFrom } from "#models/remote/model-fetch.ts";

/** Lists of models seldom say what a model makes; those of the well-known ones say it by their names. */
const names: Record<MediaTask, RegExp> = {
  tts: /(?:^|[^a-z])tts(?:[^a-z]|$)|kokoro|piper|orpheus|bark|xtts|chatterbox|speecht5|parler|eleven_/i,
  stt: /whisper|transcribe|parakeet|canary|scribe|voxtral|moonshine|sense-?voice/i,
  text_to_image: /image|dall-e|flux|stable-diffusion|sdxl|sd3|imagen|hidream|kolors/i,
  image_to_image: /image|dall-e-2|flux|kontext|edit|stable-diffusion|sdxl|inpaint/i,
  image_upscale: /upscal|esrgan|seedvr|swinir/i,
  text_to_video: /sora|veo|video|(?:^|[^a-z])wan[\d-]|ltx|hunyuan.*video|mochi/i,
  image_to_video: /sora|veo|video|(?:^|[^a-z])wan[\d-]|ltx|i2v/i,
  text_to_music: /music|ace-?step|lyria|stable-audio/i,
};

export interface ListRequest {
  task: MediaTask;
  usual: string | null;
}

/** Models of a provider for a task: those that its own list names; ElevenLabs has lists for speech only. AppErrors as of `Provider`. */
export async function listMediaModels(
  wire: Wire,
  { task, usual }: ListRequest,
  signal: AbortSignal,
): Promise<MediaModel[]> {
  if (wire.kind === "elevenlabs" && task !== "tts") return usual === null ? [] : [{ id: usual, label: usual }];
  const found = (await ask(wire, listPath[wire.kind], signal)).flatMap((item) => modelOf(wire, item, task));
  return found.length === 0 && usual !== null ? [{ id: usual, label: usual }] : found;
}

const listPath: Record<Wire["kind"], string> = {
  openai: "/models",
  "openai-compatible": "/models",
  google: "/models?pageSize=1000",
  elevenlabs: "/models",
};

function modelOf(wire: Wire, item: JsonObject, task: MediaTask): MediaModel[] {
  const id = textOf(item["model_id"] ?? item["id"] ?? item["name"])?.replace(/^models\//, "");
  if (!id) return [];
  const label =
    textOf(item["display_name"] ?? item["displayName"]) ?? textOf(item["model_id"] ? item["name"] : null) ?? id;
  if (wire.kind === "elevenlabs") return item["can_do_text_to_speech"] === true ? [{ id, label }] : [];
  const said = saidTasks(item);
  const fits = said.length > 0 ? said.includes(task) : names[task].test(id);
  return fits ? [{ id, label }] : [];
}

/** Where a list says it: `tasks` of our own kind of server, or the output modalities of OpenRouter. */
function saidTasks({ tasks, architecture }: JsonObject): Value[] {
  if (Array.isArray(tasks)) return tasks;
  const outputs = isObject(architecture) ? architecture["output_modalities"] : null;
  const inputs = isObject(architecture) ? architecture["input_modalities"] : null;
  if (!Array.isArray(outputs)) return [];
  const takesImages = Array.isArray(inputs) && inputs.includes("image");
  const byOutput: Record<string, MediaTask[]> = {
    text: [],
    image: takesImages ? ["text_to_image", "image_to_image"] : ["text_to_image"],
    audio: ["tts"],
    video: takesImages ? ["text_to_video", "image_to_video"] : ["text_to_video"],
  };
  const known = outputs.flatMap((output) => (typeof output === "string" ? byOutput[output] : null) ?? []);
  return known.length > 0 ? known : ["text"];
}

/** OpenAI has no list of its voices; servers of its kind may have one. */
const openAiVoices = "alloy ash ballad coral echo fable nova onyx sage shimmer verse".split(" ");
const googleVoices = "Zephyr Puck Charon Kore Fenrir Leda Orus Aoede Callirrhoe Autonoe Enceladus Iapetus".split(" ");

export async function listVoices(wire: Wire, signal: AbortSignal): Promise<Voice[]> {
  if (wire.kind === "openai") return openAiVoices.map(plainVoice);
  if (wire.kind === "google") return googleVoices.map(plainVoice);
  if (wire.kind === "elevenlabs") return (await ask(wire, "/voices", signal)).flatMap(elevenLabsVoice);
  return (await ask(wire, "/audio/voices", signal)).flatMap((item) => {
    const id = textOf(item["voice_id"] ?? item["id"] ?? item["name"]);
    const label = textOf(item["name"] ?? item["label"]) ?? id ?? "";
    return id ? [{ ...plainVoice(id), label, description: textOf(item["description"]) }] : [];
  });
}

function plainVoice(id: string): Voice {
  return { id, label: id, kind: "voice", description: null };
}

function elevenLabsVoice(item: JsonObject): Voice[] {
  const id = textOf(item["voice_id"]);
  if (!id) return [];
  const kind = item["category"] === "cloned" ? ("clone" as const) : ("voice" as const);
  return [{ id, label: textOf(item["name"]) ?? id, kind, description: textOf(item["description"]) }];
}

/** The items of a list, in whichever of the usual shapes; a text is an item with that id. */
async function ask(wire: Wire, path: string, signal: AbortSignal): Promise<JsonObject[]> {
  const headers = headersOf(wire);
  const response = await fetchFrom(wire.id, wire.baseUrl + path, { headers, signal });
  if (!response.ok) throw await refusalOf(wire.id, "list", response);
  const body = readList(wire.id, await response.text());
  const list = isObject(body) ? (body["data"] ?? body["models"] ?? body["voices"]) : body;
  return (Array.isArray(list) ? list : []).flatMap((item) => {
    if (typeof item === "string") return [{ id: item }];
    return isObject(item) ? [item] : [];
  });
}

function readList(id: string, text: string): Value {
  try {
    return parseJson(text);
  } catch (cause) {
    throw new AppError("unavailable", `${id} answered a list that is not JSON`, { cause });
  }
}

function headersOf(wire: Wire): Record<string, string> {
  if (wire.kind === "google") return { "x-goog-api-key": wire.apiKey ?? "" };
  if (wire.kind === "elevenlabs") return { "xi-api-key": wire.apiKey ?? "" };
  return bearer(wire);
}

function textOf(value: Value | undefined): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
