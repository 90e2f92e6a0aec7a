import { AppError } from "#core/errors.ts";
import type { MediaTask } from "#core/media.ts";
import { type MediaChoice, chooseMaker } from "#effects/media/media-call.ts";
import { gather } from "#http/media/gather.ts";
import type { Services } from "#http/services.ts";

/** Who makes it: `<provider>/<model>`, the name of a model, or nobody named. AppErrors of `chooseMaker`; `not_found` for an unknown model. */
export async function findMediaModel(services: Services, task: MediaTask, name: string | null): Promise<MediaChoice> {
  const { providers } = services;
  if (name === null) return chooseMaker(providers, task, {});
  const slash = name.indexOf("/");
  const provider = slash > 0 ? providers.get(name.slice(0, slash).toLowerCase()) : null;
  if (provider) return chooseMaker(providers, task, { provider: provider.id, model: name.slice(slash + 1) });
  const route = providers.mediaRoute(task);
  if (route?.model === name) return chooseMaker(providers, task, {});
  const { providers: makers } = await gather(services, task, null);
  const found = makers.find(({ models }) => models.some(({ id }) => id === name));
  if (found) return chooseMaker(providers, task, { provider: found.id, model: name });
  throw new AppError("not_found", `The model '${name.slice(0, 200)}' does not exist`);
}
