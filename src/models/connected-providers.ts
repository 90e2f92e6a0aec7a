import { AppError } from "#core/errors.ts";
import { type Connection, type ConnectionBook, families } from "#models/config/connections.ts";
import { createMedia } from "#models/media/create-media.ts";
import type { MediaMaker } from "#models/media/media.ts";
import type { MediaKind } from "#models/media/wire.ts";
import type { Provider } from "#models/provider.ts";
import { cloudAccepts } from "#models/remote/cloud-provider.ts";
import { createEndpoint } from "#models/remote/endpoint.ts";
import { openAiAccepts } from "#models/remote/openai-compatible.ts";

/** How a flow names a connection as its provider. */
export function virtualProviderId(id: string): string {
  return `endpoint:${id.toLowerCase()}`;
}

/** The providers of all enabled connections, as they are now. Each is made once and again when its connection has changed. */
export function createConnectedProviders(connections: ConnectionBook): () => Provider[] {
  const made = new Map<string, { updatedAt: string; provider: Provider }>();
  return () =>
    connections
      .list()
      .filter(({ enabled }) => enabled)
      .map((connection) => {
        const known = made.get(connection.id);
        if (known?.updatedAt === connection.updatedAt) return known.provider;
        const provider = createConnectedProvider(connection, () => connections.keyOf(connection));
        made.set(connection.id, { updatedAt: connection.updatedAt, provider });
        return provider;
      });
}

/** What the wire can make is known without the key. */
function connectedMedia(
  kind: MediaKind,
  open: () => MediaMaker | undefined,
  { allow, isAllowed }: { allow: (model: string) => void; isAllowed: (model: string) => boolean },
): MediaMaker {
  const { tasks, usual } = createMedia({ id: kind, kind, baseUrl: "", apiKey: null });
  const maker = () => {
    const made = open();
    if (!made) throw new AppError("unsupported", "This connection makes nothing but text");
    return made;
  };
  return {
    tasks,
    usual: Object.fromEntries(Object.entries(usual).filter(([, model]) => isAllowed(model))),
    async make(request, options) {
      allow(request.model);
      return maker().make(request, options);
    },
    models: async (task, signal) => (await maker().models(task, signal)).filter(({ id }) => isAllowed(id)),
    voices: async (signal) => maker().voices(signal),
  };
}

/** `key` is asked when the first call needs it: a key that cannot be decrypted is that call's error, and nobody else's. */
export function createConnectedProvider(connection: Connection, key: () => string | null): Provider {
  const { allowedModels, displayName } = connection;
  const id = virtualProviderId(connection.id);
  const { kind, baseUrl: usual } = families[connection.family] ?? { kind: "openai-compatible" as const, baseUrl: null };
  let opened: Provider | null = null;
  const open = () =>
    (opened ??= createEndpoint({
      id,
      kind,
      baseUrl: connection.baseUrl ?? usual ?? "",
      apiKey: key(),
      label: displayName,
    }));
  const isAllowed = (model: string) => allowedModels.length === 0 || allowedModels.includes(model);
  const allow = (model: string) => {
    if (isAllowed(model)) return;
    const there = allowedModels.join(", ");
    throw new AppError(
      "forbidden",
      `The connection '${connection.id}' does not allow the model '${model}' (only ${there})`,
    );
  };
  return {
    id,
    label: displayName,
    accepts: kind === "openai-compatible" ? openAiAccepts : kind === "elevenlabs" ? [] : cloudAccepts[kind],
    ...(kind === "anthropic" ? {} : { media: connectedMedia(kind, () => open().media, { allow, isAllowed }) }),
    ...(kind === "elevenlabs" ? { isMediaOnly: true as const } : {}),
    caching: kind === "openai" || kind === "anthropic" ? "keyed" : "none",
    models: async (signal) => (await open().models(signal)).filter((model) => isAllowed(model.id)),
    async generate(request, options) {
      allow(request.model);
      return open().generate(request, options);
    },
    async embed(texts, options) {
      allow(options.model);
      const { embed } = open();
      if (!embed) throw new AppError("unsupported", `${displayName} makes no embeddings`);
      return embed(texts, options);
    },
    close: async () => opened?.close(),
  };
}
