import { type MediaTask, mediaTasks } from "#core/media.ts";
import { mediaHint } from "#models/media/unavailable.ts";
import type { MediaRoute, ProviderRegistry } from "#models/provider.ts";

/** Who makes what, where nobody is named: what is configured now. */
export type MediaState = Record<MediaTask, MediaRoute | null>;

export function mediaState(providers: Pick<ProviderRegistry, "mediaRoute">): MediaState {
  return Object.fromEntries(mediaTasks.map((task) => [task, providers.mediaRoute(task)])) as MediaState;
}

/** `config_hint` while nobody is configured for it. */
export function mediaHintOf(state: MediaState, task: MediaTask): { config_hint?: string } {
  return state[task] === null ? { config_hint: mediaHint(task) } : {};
}

/** `selected_backend`, when there is one. */
export function backendOf(state: MediaState, task: MediaTask): { selected_backend?: string } {
  const route = state[task];
  return route === null ? {} : { selected_backend: `${route.provider}/${route.model}` };
}
