import { type MediaTask, mediaRouteKeys } from "#core/media.ts";
import type { DefaultsBook } from "#models/config/capability-defaults.ts";
import type { ConnectionBook } from "#models/config/connections.ts";
import { createConnectedProviders } from "#models/connected-providers.ts";
import { withOwnCaches } from "#models/own-caches.ts";
import { createLocalProvider } from "#models/local/provider.ts";
import type { WorkerSettings } from "#models/local/protocol.ts";
import type { MediaMaker } from "#models/media/media.ts";
import { type Provider, type ProviderRegistry, answersText, makesEmbeddings } from "#models/provider.ts";
import { type Endpoint, createEndpoint } from "#models/remote/endpoint.ts";
import { createProbedServers } from "#models/remote/probed-servers.ts";

export interface RegistrySettings {
  dirs: string[];
  defaultProvider: string | null;
  defaultModel: string | null;
  endpoints: Endpoint[];
  /** Look for model servers at their usual addresses on this machine. */
  probesServers: boolean;
  /** A server that says nothing in a call for so long is given up; absent: never. */
  quietMs?: number;
  localThreads: number | null;
  local?: Partial<WorkerSettings>;
  /** Who makes embeddings when nobody is named; null: the first local model for them. */
  embedding?: Route | null;
  /** Who makes media when nobody is named. */
  media?: Partial<Record<MediaTask, Route>>;
  cacheDir: string | null;
  /** Where the beginnings of conversations are saved; null: nowhere. */
  promptCache?: { folder: string; exportFolder: string; maxBytes: number } | null;
  timeouts?: { discoveryMs: number; probeMs: number };
}

interface Route {
  provider: string;
  model: string;
}

/** A server that does not answer within this is not the default; one of this machine is not there. */
const usualTimeouts = { discoveryMs: 1500, probeMs: 700 };

export interface RegistryOptions {
  inferenceCommand: string[];
  /** Providers that somebody entered. */
  connections?: ConnectionBook;
  /** What somebody set as defaults; they win over those of the settings. */
  defaults?: DefaultsBook;
  /** Where this gateway listens, so that it does not take itself for a model server. */
  ownPort?: number;
  now?: () => number;
}

/** What one user has of the providers: connections, defaults, and prompt caches under names of their own. */
export interface ProviderView {
  connections: ConnectionBook;
  defaults: DefaultsBook;
  cacheOwner: string;
}

export interface SharedProviders extends ProviderRegistry {
  /** The same providers as one user has them. Closing it closes nothing. */
  of(view: ProviderView): ProviderRegistry;
}

export function createProviderRegistry(
  settings: RegistrySettings,
  { inferenceCommand, connections, defaults, ownPort = 0, now = Date.now }: RegistryOptions,
): SharedProviders {
  const { dirs, localThreads, cacheDir, endpoints } = settings;
  const { probeMs } = settings.timeouts ?? usualTimeouts;
  const host = { command: inferenceCommand, threads: localThreads, cacheDir };
  const local = createLocalProvider({
    folders: dirs,
    ...host,
    ...settings.local,
    prefixes: settings.promptCache ?? null,
  });
  const providers: Provider[] = [local, ...endpoints.map(createEndpoint)];
  const configured = new Set(providers.map(({ id }) => id));
  const probed = settings.probesServers ? createProbedServers({ configured, ownPort, now, probeMs }) : null;
  const patient = withPatience(settings.quietMs ?? 0);
  const source = { settings, local, probed, standing: () => [...providers, ...(probed?.known() ?? [])].map(patient) };
  const entered = (book: ConnectionBook | undefined) => {
    const made = book ? createConnectedProviders(book) : () => [];
    return () => made().map(patient);
  };
  return {
    ...registryOver(source, { entered: entered(connections), defaults: defaults ?? null, own: (provider) => provider }),
    of: (view) =>
      registryOver(source, {
        entered: entered(view.connections),
        defaults: view.defaults,
        own: withOwnCaches(view.cacheOwner),
      }),
    async close() {
      await Promise.all(providers.map((provider) => provider.close()));
    },
  };
}

interface Source {
  settings: RegistrySettings;
  local: Provider;
  probed: { look(): Promise<unknown> } | null;
  /** Providers that are there for everybody. */
  standing: () => Provider[];
}

interface Part {
  entered: () => Provider[];
  defaults: DefaultsBook | null;
  own: (provider: Provider) => Provider;
}

function registryOver(
  { settings, local, probed, standing }: Source,
  { entered, defaults, own }: Part,
): ProviderRegistry {
  const { discoveryMs } = settings.timeouts ?? usualTimeouts;
  const found = () => [...standing(), ...entered()].map(own);
  return {
    list: found,
    async discover() {
      await probed?.look();
      return found();
    },
    get: (id) => found().find((provider) => provider.id === id) ?? null,
    async defaultRoute(signal) {
      const set = defaults?.get("input.text");
      if (set) return { provider: set.provider, model: set.model };
      const { defaultProvider, defaultModel } = settings;
      if (defaultProvider && defaultModel) return { provider: defaultProvider, model: defaultModel };
      await probed?.look();
      const named = defaultProvider?.toLowerCase();
      const candidates = found().filter(({ id, isMediaOnly }) => !isMediaOnly && (!named || id === named));
      return firstRoute(candidates, defaultModel, { signal, discoveryMs });
    },
    async embeddingRoute(signal) {
      const set = defaults?.get("embedding.text");
      if (set) return { provider: set.provider, model: set.model };
      const { embedding } = settings;
      if (embedding) return embedding;
      const models = (await local.models(AbortSignal.any([signal, AbortSignal.timeout(discoveryMs)]))).filter(
        makesEmbeddings,
      );
      return models[0] ? { provider: local.id, model: models[0].id } : null;
    },
    mediaRoute(task) {
      const set = defaults?.get(mediaRouteKeys[task]);
      if (set) return set;
      const named = settings.media?.[task];
      if (named) return { ...named, options: {} };
      for (const { id, media } of found()) {
        const model = media?.usual[task];
        if (model) return { provider: id, model, options: {} };
      }
      return null;
    },
    close: () => Promise.resolve(),
  };
}

/** The same providers, whose calls end when their server is quiet for too long. Each has one, so that it can be compared. */
function withPatience(quietMs: number): (provider: Provider) => Provider {
  const known = new WeakMap<Provider, Provider>();
  return (provider) => {
    const wrapped = known.get(provider) ?? {
      ...provider,
      generate: (request, options) => provider.generate(request, { quietMs, ...options }),
      ...(provider.media ? { media: patientMedia(provider.media, quietMs) } : {}),
    };
    known.set(provider, wrapped);
    return wrapped;
  };
}

function patientMedia(media: MediaMaker, quietMs: number): MediaMaker {
  return { ...media, make: (request, options) => media.make(request, { quietMs, ...options }) };
}

/** The first provider that has the model, or any when none is asked for. When nobody lists it, the first that answers may tell why. */
async function firstRoute(
  providers: Provider[],
  model: string | null,
  patience: { signal: AbortSignal; discoveryMs: number },
): Promise<Route | null> {
  let fallback: Route | null = null;
  for (const provider of providers) {
    const names = await modelNames(provider, patience);
    const name = model ? names.find((each) => each === model) : names[0];
    if (name) return { provider: provider.id, model: name };
    if (model && names.length > 0) fallback ??= { provider: provider.id, model };
  }
  return fallback;
}

async function modelNames(
  provider: Provider,
  { signal, discoveryMs }: { signal: AbortSignal; discoveryMs: number },
): Promise<string[]> {
  try {
    const models = await provider.models(AbortSignal.any([signal, AbortSignal.timeout(discoveryMs)]));
    return models.filter(answersText).map(({ id }) => id);
  } catch {
    return [];
  }
}
