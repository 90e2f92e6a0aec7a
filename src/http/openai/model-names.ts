import { AppError } from "#core/errors.ts";
import type { Services } from "#http/services.ts";
import type { Provider } from "#models/provider.ts";

/** How long all providers together may take to name their models. */
const listMs = 3000;
export const bundlePrefix = "bundle:";

/** Everything that can be named as `model`: `<provider>/<model>`, and bundles that are started with a prompt. */
export async function modelNames(services: Services): Promise<{ id: string; owner: string }[]> {
  const providers = await services.providers.discover();
  const lists = await Promise.all(providers.map(namesOf));
  const models = providers.flatMap((provider, index) =>
    (lists[index] ?? []).map((name) => ({ id: `${provider.id}/${name}`, owner: provider.id })),
  );
  const bundles = services.bundles.list().filter((bundle) => !bundle.isDraft);
  const ids = new Set(bundles.map((bundle) => `${bundlePrefix}${bundle.manifest.bundle_id}`));
  return [...models, ...[...ids].map((id) => ({ id, owner: "bundles" }))];
}

async function namesOf(provider: Provider): Promise<string[]> {
  try {
    return (await provider.models(AbortSignal.timeout(listMs))).map(({ id }) => id);
  } catch {
    return [];
  }
}

/** The provider and model behind a name: with the provider in front, or the first provider that has one of this name. AppError `not_found`. */
export async function findModel(services: Services, name: string): Promise<{ provider: Provider; model: string }> {
  const slash = name.indexOf("/");
  const named = slash > 0 ? services.providers.get(name.slice(0, slash)) : null;
  if (named) return { provider: named, model: name.slice(slash + 1) };
  for (const provider of await services.providers.discover()) {
    if ((await namesOf(provider)).includes(name)) return { provider, model: name };
  }
  throw new AppError("not_found", `The model '${name.slice(0, 200)}' does not exist`);
}
