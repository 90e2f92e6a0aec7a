import type { MediaTask } from "#core/media.ts";
import { AppError } from "#core/errors.ts";
import { makeBatch } from "#models/media/batch.ts";
import { listMediaModels, listVoices } from "#models/media/media-lists.ts";
import type { MakeMedia, MediaMaker, MediaModel, Voice } from "#models/media/media.ts";
import { elevenLabsMusic, serverMusic } from "#models/media/music.ts";
import { openAiVideos } from "#models/media/openai-video.ts";
import { serverUpscale } from "#models/media/server-upscale.ts";
import type { MediaKind, Wire } from "#models/media/wire.ts";

/** How each wire makes each thing; how many come out of one request. */
interface Making {
  make: (wire: Wire) => MakeMedia;
  perCall?: number;
  /** Taken where nobody names a model. */
  usual?: string;
}

/** Between the first two looks at a video; then it is asked less often. */
const firstPollMs = 500;
const googlePollMs = 5000;

/** A gateway that makes no media does not load the SDK for it. */
const loadedOnUse =
  (load: () => Promise<(wire: Wire) => MakeMedia>) =>
  (wire: Wire): MakeMedia =>
  async (request, options) =>
    (await load())(wire)(request, options);

const sdkImages = loadedOnUse(async () => (await import("#models/media/sdk-image.ts")).sdkImages);
const sdkSpeech = loadedOnUse(async () => (await import("#models/media/sdk-speech.ts")).sdkSpeech);
const sdkTranscription = loadedOnUse(async () => (await import("#models/media/sdk-transcription.ts")).sdkTranscription);
const googleVideos = loadedOnUse(async () => {
  const { googleVideos: videos } = await import("#models/media/sdk-video.ts");
  return (wire) => videos(wire, googlePollMs);
});

const openAiVideo: Making = { make: (wire) => openAiVideos(wire, firstPollMs) };
const googleVideo: Making = { make: googleVideos, usual: "veo-3.1-generate-preview" };

const makings: Record<MediaKind, Partial<Record<MediaTask, Making>>> = {
  openai: {
    tts: { make: sdkSpeech, usual: "gpt-4o-mini-tts" },
    stt: { make: sdkTranscription, usual: "gpt-4o-mini-transcribe" },
    text_to_image: { make: sdkImages, perCall: 10, usual: "gpt-image-1" },
    image_to_image: { make: sdkImages, perCall: 10, usual: "gpt-image-1" },
    text_to_video: { ...openAiVideo, usual: "sora-2" },
    image_to_video: { ...openAiVideo, usual: "sora-2" },
  },
  google: {
    tts: { make: sdkSpeech, usual: "gemini-2.5-flash-preview-tts" },
    text_to_image: { make: sdkImages, usual: "gemini-2.5-flash-image" },
    image_to_image: { make: sdkImages, usual: "gemini-2.5-flash-image" },
    text_to_video: googleVideo,
    image_to_video: googleVideo,
  },
  elevenlabs: {
    tts: { make: sdkSpeech, usual: "eleven_multilingual_v2" },
    stt: { make: sdkTranscription, usual: "scribe_v1" },
    text_to_music: { make: elevenLabsMusic, usual: "music_v1" },
  },
  "openai-compatible": {
    tts: { make: sdkSpeech },
    stt: { make: sdkTranscription },
    text_to_image: { make: sdkImages, perCall: 4 },
    image_to_image: { make: sdkImages, perCall: 4 },
    image_upscale: { make: serverUpscale },
    text_to_video: openAiVideo,
    image_to_video: openAiVideo,
    text_to_music: { make: serverMusic },
  },
};

/** How long a list counts. */
const freshMs = 60_000;

/** Lists that were had a short time ago; one that failed is asked for again. */
function keeper() {
  const known = new Map<string, { list: unknown; untilMs: number }>();
  return async (name: string, ask: () => Promise<unknown>): Promise<unknown> => {
    const found = known.get(name);
    if (found && found.untilMs > performance.now()) return found.list;
    const list = await ask();
    known.set(name, { list, untilMs: performance.now() + freshMs });
    return list;
  };
}

/** What a provider makes beside text. */
export function createMedia(wire: Wire): MediaMaker {
  const own = makings[wire.kind];
  const kept = keeper();
  const tasks = Object.keys(own) as MediaTask[];
  return {
    tasks,
    usual: Object.fromEntries(tasks.flatMap((task) => (own[task]?.usual ? [[task, own[task].usual]] : []))),
    async make(request, options) {
      const making = own[request.task];
      if (!making) throw new AppError("unsupported", `${wire.id} has no way of making this`);
      return makeBatch(making.make(wire), request, { ...options, perCall: making.perCall ?? 1 });
    },
    models: (task, signal) =>
      kept(task, () => listMediaModels(wire, { task, usual: own[task]?.usual ?? null }, signal)) as Promise<
        MediaModel[]
      >,
    voices: (signal) => kept("voices", () => listVoices(wire, signal)) as Promise<Voice[]>,
  };
}
