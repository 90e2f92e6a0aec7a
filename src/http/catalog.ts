import { AppError, messageOf } from "#core/errors.ts";
import { isoTime } from "#core/time.ts";
import { mediaModels, mediaTasksOf } from "#http/media/media-models.ts";
import { connectionJson } from "#http/provider-connections.ts";
import type { Services } from "#http/services.ts";
import { families } from "#models/config/connections.ts";
import { virtualProviderId } from "#models/connected-providers.ts";
import { type ModelInfo, type Provider, makesEmbeddings } from "#models/provider.ts";

/** How long a provider may take to name its models before a list goes on without them. */

export interface Envelope {
  kind: "providers" | "models" | "voices" | "adapters";
  /** `text` when it is not said. */
  scope?: "text" | "embedding.text" | "tts" | "stt" | "music" | "vision";
  available: boolean;
  error: string | null;
  provider?: string;
  includesModels?: boolean;
}

/** What every catalog answers beside its items (contract 1.15). */
export function envelope(
  services: Services,
  { kind, scope = "text", available, error, provider, includesModels }: Envelope,
) {
  return {
    available,
    route_available: true,
    source: "abstractgateway.providers",
    stale: false,
    error,
    refreshed_at: isoTime(services.now()),
    catalog: {
      contract: "gateway_catalog_v1",
      version: 1,
      kind,
      scope,
      primary_items_field: "items",
      source: "abstractgateway.catalog",
      route_source: "abstractgateway.providers",
      available,
      route_available: true,
      ...(provider === undefined ? {} : { provider }),
      ...(error === null ? {} : { error }),
      ...(includesModels === undefined ? {} : { include_models: includesModels }),
    },
  };
}

export async function providerList(services: Services, includeModels: boolean) {
  const providers = (await services.providers.discover()).toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const items = await Promise.all(providers.map((provider) => providerItem(services, provider, includeModels)));
  const available = items.length > 0;
  const error = available ? null : "No provider of models is configured";
  return {
    items,
    ...envelope(services, { kind: "providers", available, error, includesModels: includeModels }),
    ...(await defaults(services)),
  };
}

async function providerItem(services: Services, provider: Provider, includeModels: boolean) {
  const item = {
    id: provider.id,
    name: provider.id,
    label: provider.label,
    display_name: provider.label,
    provider: provider.id,
    tasks: [...(provider.isMediaOnly ? [] : ["text"]), ...Object.keys(provider.media?.usual ?? {})],
    ...connectionFields(services, provider),
    ...(provider.compute ? { compute: provider.compute() } : {}),
  };
  if (!includeModels) return { ...item, models: [] };
  const { found, problem } = await askModels(services, provider);
  return { ...item, models: found.map((model) => model.id).sort(), ...(problem === null ? {} : { error: problem }) };
}

/** How it is reached, in the words of connections. */
function connectionFields({ connections }: Services, { id, label }: Provider) {
  const entered = connections.list().find((connection) => virtualProviderId(connection.id) === id);
  const profile = entered ? connectionJson(entered) : null;
  return {
    description: profile?.description || label,
    provider_family: profile?.provider_family ?? (id in families || id === "local" ? id : "openai-compatible"),
    virtual: profile !== null,
    virtual_provider: profile !== null,
    base_url_configured: profile?.base_url_configured ?? false,
    api_key_set: profile?.api_key_set ?? false,
    scope: profile?.scope ?? "environment",
    capabilities: profile?.capabilities ?? ["text"],
    ...(profile ? { provider_endpoint_profile: profile } : {}),
  };
}

/** A server that is down is a fact of the catalog and no error of the request: it must not hide the others. */
async function askModels(
  { settings }: Services,
  provider: Provider,
): Promise<{ found: ModelInfo[]; problem: string | null }> {
  try {
    return { found: await provider.models(AbortSignal.timeout(settings.models.timeouts.listMs)), problem: null };
  } catch (error) {
    return { found: [], problem: messageOf(error) };
  }
}

async function defaults(services: Services) {
  const shared = { provider_endpoint_profiles: services.connections.list().map(connectionJson) };
  try {
    const route = await services.providers.defaultRoute(AbortSignal.timeout(services.settings.models.timeouts.listMs));
    if (route) {
      const { defaultProvider } = services.settings.models;
      const isSet = services.defaults.get("input.text") !== null;
      const source = isSet ? "capability_default" : defaultProvider === null ? "first_available" : "settings";
      return { default_provider: route.provider, default_model: route.model, default_source: source, ...shared };
    }
    return noDefault("No provider has a model", shared);
  } catch (error) {
    return noDefault(messageOf(error), shared);
  }
}

function noDefault(reason: string, shared: { provider_endpoint_profiles: unknown[] }) {
  return { default_provider: null, default_model: null, default_error: reason, ...shared };
}

/** Models of one provider; none, and the reason in `error`, when it does not answer. AppError `not_found` for an unknown provider. */
export async function modelList(services: Services, name: string, filter: ModelFilter) {
  const provider = services.providers.get(name);
  if (!provider) throw new AppError("not_found", `Provider '${name}' not found`);
  const tasks = mediaTasksOf(filter);
  if (tasks.length > 0) {
    const { items, problem: trouble } = await mediaModels(services, provider, tasks);
    const reason = trouble ?? `Provider '${name}' has no model that matches`;
    const told = { available: items.length > 0, error: items.length > 0 ? null : reason };
    return {
      items,
      provider: provider.id,
      models: items.map(({ id }) => id),
      ...envelope(services, { kind: "models", ...told, provider: provider.id }),
    };
  }
  const { found, problem } = await askModels(services, provider);
  const models = found.filter((model) => matches(model, filter)).sort((a, b) => (a.id < b.id ? -1 : 1));
  const available = models.length > 0;
  const error = problem ?? (available ? null : `Provider '${name}' has no model that matches`);
  return {
    items: models.map(modelItem),
    provider: provider.id,
    models: models.map((model) => model.id),
    ...envelope(services, { kind: "models", available, error, provider: provider.id }),
  };
}

/** Models that make embeddings, of all providers or one. AppError `not_found` for an unknown provider. */
export async function embeddingModelList(services: Services, name: string | null, isWithoutModels: boolean) {
  const all = await services.providers.discover();
  const asked = name === null ? all : all.filter(({ id }) => id === name.toLowerCase());
  if (name !== null && asked.length === 0) throw new AppError("not_found", `Provider '${name}' not found`);
  const answers = await Promise.all(
    asked.map(async (provider) => ({ provider, ...(await askModels(services, provider)) })),
  );
  const lists = answers
    .map(({ provider, found }) => ({ provider, models: found.filter(makesEmbeddings).map(modelItem) }))
    .filter(({ models }) => models.length > 0)
    .sort((a, b) => (a.provider.id < b.provider.id ? -1 : 1));
  const items = isWithoutModels ? [] : lists.flatMap(({ models }) => models);
  const ids = items.map(({ id }) => id);
  const providers = lists.map(({ provider }) => provider.id);
  const byProvider = Object.fromEntries(
    lists.map(({ provider, models }) => [provider.id, isWithoutModels ? [] : models.map(({ id }) => id)]),
  );
  const problem = answers.map((answer) => answer.problem).find((each) => each !== null) ?? null;
  const available = lists.length > 0;
  const error = available ? null : (problem ?? "No provider has a model for embeddings");
  return {
    items,
    models: ids,
    embedding_models: ids,
    providers,
    available_providers: providers,
    embedding_providers: providers,
    provider_details: lists.map(({ provider: { id, label } }) => ({ id, name: id, label })),
    models_by_provider: byProvider,
    embedding_models_by_provider: byProvider,
    provider_models: items.map(({ provider, id }) => ({ provider, model: id, id: `${provider}/${id}` })),
    ...envelope(services, { kind: "models", scope: "embedding.text", available, error }),
  };
}

function modelItem(model: ModelInfo) {
  return {
    id: model.id,
    label: model.id,
    provider: model.provider,
    tasks: model.capabilities,
    ...(model.contextTokens === undefined ? {} : { context_tokens: model.contextTokens }),
    ...(model.sizeBytes === undefined ? {} : { size_bytes: model.sizeBytes }),
    ...(model.dimensions === undefined ? {} : { dimensions: model.dimensions }),
    ...(model.architecture === undefined ? {} : { architecture: model.architecture }),
    ...(model.quantization === undefined ? {} : { quantization: model.quantization }),
  };
}

export interface ModelFilter {
  inputType: string | null;
  outputType: string | null;
  /** Such as `output.text` or `embedding.text`; any of them. */
  routes: string[];
}

/** Whether a model of text or of embeddings is meant. */
function matches(model: ModelInfo, filter: ModelFilter): boolean {
  const isEmbedding = model.capabilities.includes("embedding") && !model.capabilities.includes("text");
  const output = isEmbedding ? "embedding" : "text";
  if (filter.outputType !== null && filter.outputType !== output) return false;
  const inputs = ["text", ...model.capabilities.filter((capability) => capability.startsWith("input."))];
  if (
    filter.inputType !== null &&
    !inputs.includes(filter.inputType) &&
    !inputs.includes(`input.${filter.inputType}`)
  ) {
    return false;
  }
  const own = isEmbedding ? ["embedding.text"] : ["output.text", "text", "input.text"];
  return filter.routes.length === 0 || filter.routes.some((route) => own.includes(route));
}

/** What the provider's own list says of a model. Nothing, and the reason, when nobody lists it. */
export async function modelCapabilities(services: Services, name: string, wanted: string | null) {
  const slash = name.indexOf("/");
  const prefix = slash > 0 ? services.providers.get(name.slice(0, slash).toLowerCase()) : null;
  const asked = wanted === null ? prefix : services.providers.get(wanted.toLowerCase());
  if (wanted !== null && !asked) return { model: name, capabilities: {}, error: `Provider '${wanted}' not found` };
  const id = prefix && asked === prefix ? name.slice(slash + 1) : name;
  const candidates = asked ? [asked] : await services.providers.discover();
  for (const provider of candidates) {
    const model = (await askModels(services, provider)).found.find((each) => each.id === id);
    if (model) return { model: name, capabilities: capabilitiesOf(model) };
  }
  return { model: name, capabilities: {}, error: `No provider lists the model '${name}'` };
}

function capabilitiesOf(model: ModelInfo) {
  const { id: _, label: __, tasks, ...known } = modelItem(model);
  const has = (task: string) => tasks.includes(task);
  return {
    ...known,
    tasks,
    max_tokens: model.contextTokens ?? null,
    tool_support: has("tools") ? "native" : "none",
    structured_output: has("json") ? "native" : "none",
    embeddings: has("embedding"),
  };
}
