import { AppError } from "#core/errors.ts";
import type { MediaTask } from "#core/media.ts";
import { envelope } from "#http/catalog.ts";
import { type Gathered, type GatheredProvider, gather } from "#http/media/gather.ts";
import type { MediaCatalog } from "#http/media/media-catalogs.ts";
import { voiceLists } from "#http/media/voice-lists.ts";
import type { Services } from "#http/services.ts";
import { mediaHint, mediaUnavailable } from "#models/media/unavailable.ts";

export interface MediaCatalogQuery {
  task?: string | undefined;
  provider?: string | undefined;
  model?: string | undefined;
  base_url?: string | undefined;
  providers_only?: boolean;
  compact?: boolean;
}

/** A catalog of media (contract 1.15). AppErrors: `invalid_request` for a task that it does not have, `not_found` for an unknown provider. */
export async function mediaCatalog(services: Services, catalog: MediaCatalog, query: MediaCatalogQuery) {
  if (query.base_url) {
    throw new AppError("invalid_request", "base_url cannot be given here: servers are configured on the gateway");
  }
  const task = taskOf(catalog, query);
  const lists = emptyLists(catalog);
  const about = {
    ...lists,
    ...(catalog.tasks.length > 0 ? { task: task ?? catalog.tasks[0] } : {}),
    ...(catalog.kind === "adapters" ? { model: query.model ?? null, provider: query.provider ?? null, count: 0 } : {}),
  };
  if (task === null) return nothing(services, catalog, about);
  const provider = query.provider?.trim() || null;
  const gathered = await gather(services, task, provider);
  const isProviders = catalog.kind === "providers" || query.providers_only === true;
  const filled = isProviders ? providerLists(gathered, task) : modelLists(gathered, task);
  const voices =
    catalog.kind === "voices"
      ? await voiceLists(services, gathered, { isProviders, isCompact: query.compact === true })
      : null;
  const found = { ...filled, ...voices };
  const available = found.items.length > 0;
  const error = available ? null : (gathered.problem ?? mediaUnavailable(task).message);
  return {
    ...about,
    ...onlyKnown(lists, found),
    ...active(services, lists, task),
    ...(voices ? { controls: voices.controls } : {}),
    items: found.items,
    ...(available ? {} : { config_hint: mediaHint(task) }),
    ...envelope(services, {
      ...asked(catalog, isProviders),
      available,
      error,
      ...(provider === null ? {} : { provider }),
    }),
  };
}

function taskOf({ task, tasks }: MediaCatalog, query: MediaCatalogQuery): MediaTask | null {
  const named = query.task?.trim() || null;
  if (named === null || tasks.length === 0) return task;
  const found = tasks.find((each) => each === named);
  if (found === undefined) throw new AppError("invalid_request", `task must be one of ${tasks.join(", ")}`);
  return task === null ? null : found;
}

function nothing(services: Services, catalog: MediaCatalog, about: object) {
  const reason =
    catalog.kind === "adapters"
      ? "No provider tells which adapters it has; name them in lora_adapters as the server knows them."
      : "This gateway runs no models for pictures itself; vision/provider_models has those of its providers.";
  const told = envelope(services, { ...asked(catalog, false), available: false, error: reason });
  return { ...about, items: [], config_hint: reason, ...told };
}

function asked({ kind, scope }: MediaCatalog, isProviders: boolean) {
  return { kind: isProviders ? ("providers" as const) : kind, scope };
}

function emptyLists({ lists, maps, nulls }: MediaCatalog): Record<string, unknown> {
  return Object.fromEntries([
    ...lists.map((name) => [name, []]),
    ...maps.map((name) => [name, {}]),
    ...nulls.map((name) => [name, null]),
  ]);
}

/** Of everything that is known, what this catalog has a name for. */
function onlyKnown(lists: Record<string, unknown>, found: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(found).filter(([name]) => Object.hasOwn(lists, name)));
}

function active({ providers }: Services, lists: Record<string, unknown>, task: MediaTask) {
  const route = providers.mediaRoute(task);
  const writer = providers.mediaRoute("stt");
  const writers = providers.list().filter(({ id, media }) => media?.usual.stt !== undefined || writer?.provider === id);
  return onlyKnown(lists, {
    active_model: route?.model ?? null,
    active_provider: route?.provider ?? null,
    stt_providers: writers.map(({ id }) => id),
  });
}

function named(providers: GatheredProvider[]) {
  const ids = providers.map(({ id }) => id);
  const names = ["providers", "available_providers", "tts_providers"];
  return Object.fromEntries(names.map((name) => [name, ids]));
}

function providerLists({ providers }: Gathered, task: MediaTask): { items: object[] } & Record<string, unknown> {
  const items = providers.map(({ id, label }) => ({ id, label, provider: id, name: id, tasks: [task] }));
  return { ...named(providers), provider_details: items, items };
}

function modelLists({ providers }: Gathered, task: MediaTask): { items: object[] } & Record<string, unknown> {
  const items = providers.flatMap(({ id: provider, models }) =>
    models.map(({ id, label }) => ({ id, label, provider, tasks: [task] })),
  );
  const byProvider = Object.fromEntries(providers.map(({ id, models }) => [id, models.map((model) => model.id)]));
  const ids = items.map(({ id }) => id);
  const maps = ["models_by_provider", "tts_models_by_provider", "stt_models_by_provider"];
  return {
    ...named(providers),
    ...Object.fromEntries(maps.map((name) => [name, byProvider])),
    models: ids,
    tts_models: ids,
    provider_models: items.map(({ provider, id }) => ({ provider, model: id, id: `${provider}/${id}` })),
    items,
  };
}
