import { messageOf } from "#core/errors.ts";
import { type MediaTask, mediaRouteKeys, mediaTasks } from "#core/media.ts";
import { lookSignal } from "#http/media/gather.ts";
import type { Services } from "#http/services.ts";
import type { Provider } from "#models/provider.ts";

/** Kinds of media by the words of `output_type`. */
const outputTypes: Record<string, readonly MediaTask[]> = {
  image: ["text_to_image", "image_to_image", "image_upscale"],
  video: ["text_to_video", "image_to_video"],
  audio: ["tts", "text_to_music"],
  voice: ["tts"],
  speech: ["tts"],
  sound: ["text_to_music"],
  music: ["text_to_music"],
};

/** What a question for models means when it is not about text. */
export function mediaTasksOf({ outputType, routes }: { outputType: string | null; routes: string[] }): MediaTask[] {
  const named = mediaTasks.filter((task) =>
    routes.some((route) => mediaRouteKeys[task] === route || mediaRouteKeys[task].startsWith(`${route}.`)),
  );
  const typed = outputType !== null && Object.hasOwn(outputTypes, outputType) ? (outputTypes[outputType] ?? []) : [];
  return [...new Set([...named, ...typed])];
}

export interface MediaModelItem {
  id: string;
  label: string;
  provider: string;
  tasks: MediaTask[];
}

/** Models of one provider for any of the tasks, by name, and why there are none when it does not answer. */
export async function mediaModels(services: Services, provider: Provider, tasks: MediaTask[]) {
  const signal = lookSignal(services);
  const known = new Map<string, MediaTask[]>();
  let problem: string | null = null;
  for (const task of tasks.filter((each) => provider.media?.tasks.includes(each))) {
    try {
      const models = (await provider.media?.models(task, signal)) ?? [];
      for (const { id } of models) known.set(id, [...(known.get(id) ?? []), task]);
    } catch (error) {
      problem = messageOf(error);
    }
  }
  const items = [...known].map(([id, made]): MediaModelItem => ({ id, label: id, provider: provider.id, tasks: made }));
  return { items: items.sort((a, b) => (a.id < b.id ? -1 : 1)), problem };
}
