import { AppError, messageOf } from "#core/errors.ts";
import type { MediaTask } from "#core/media.ts";
import type { Services } from "#http/services.ts";
import type { MediaMaker, MediaModel } from "#models/media/media.ts";

/** One provider and its models for a task. */
export interface GatheredProvider {
  id: string;
  label: string;
  maker: MediaMaker;
  models: MediaModel[];
}

export interface Gathered {
  providers: GatheredProvider[];
  /** Why somebody's models are not known. */
  problem: string | null;
}

/** A catalog does not wait longer for anybody. */
const lookMs = 3000;

export function lookSignal({ settings }: Services): AbortSignal {
  return AbortSignal.timeout(Math.min(lookMs, settings.models.timeouts.listMs));
}

/**
 * Who makes something: clouds by their wire, other servers when they list a model for it or somebody set them as the default. A server that
 * does not answer hides nobody. AppError `not_found` for an unknown provider.
 */
export async function gather(services: Services, task: MediaTask, name: string | null): Promise<Gathered> {
  const all = await services.providers.discover();
  const wanted = name === null ? all : all.filter(({ id }) => id === name.toLowerCase());
  if (name !== null && wanted.length === 0) throw new AppError("not_found", `Provider '${name}' not found`);
  const makers = wanted.flatMap(({ id, label, media }) =>
    media?.tasks.includes(task) ? [{ id, label, maker: media }] : [],
  );
  const signal = lookSignal(services);
  const answers = await Promise.all(makers.map((each) => modelsOf(each, task, signal)));
  const route = services.providers.mediaRoute(task);
  const providers = answers
    .map(({ problem: _, ...each }) => withDefault(each, route?.provider.toLowerCase() === each.id ? route.model : null))
    .filter(({ models, maker }) => models.length > 0 || maker.usual[task] !== undefined)
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  return { providers, problem: answers.map(({ problem }) => problem).find((each) => each !== null) ?? null };
}

async function modelsOf(each: { id: string; label: string; maker: MediaMaker }, task: MediaTask, signal: AbortSignal) {
  try {
    return { ...each, models: await each.maker.models(task, signal), problem: null };
  } catch (error) {
    return { ...each, models: [], problem: messageOf(error) };
  }
}

/** A model that somebody named is there, whether or not the server's list says so. */
function withDefault(provider: GatheredProvider, model: string | null): GatheredProvider {
  if (model === null || provider.models.some(({ id }) => id === model)) return provider;
  return { ...provider, models: [...provider.models, { id: model, label: model }] };
}
