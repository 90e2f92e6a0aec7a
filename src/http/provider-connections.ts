import { type Connection, families } from "#models/config/connections.ts";
import { virtualProviderId } from "#models/connected-providers.ts";
import type { Services } from "#http/services.ts";

/** A connection as clients see it: everything but its key. */
export function connectionJson(connection: Connection) {
  const { id, displayName, description, family, baseUrl, sealedKey, keyFingerprint } = connection;
  return {
    id,
    virtual_provider: virtualProviderId(id),
    display_name: displayName,
    description,
    provider_family: family,
    base_url: baseUrl,
    base_url_configured: baseUrl !== null,
    api_key_set: sealedKey !== null,
    api_key_fingerprint: keyFingerprint,
    scope: connection.scope,
    capabilities: connection.capabilities,
    allowed_models: connection.allowedModels,
    enabled: connection.enabled,
    created_at: connection.createdAt,
    updated_at: connection.updatedAt,
    managed: true,
    synthetic: false,
  };
}

/** Those that somebody entered, then the providers that are there without. */
export function connectionList({ connections, providers }: Services) {
  const entered = connections.list().map(connectionJson);
  const others = providers
    .list()
    .filter(({ id }) => !id.startsWith("endpoint:"))
    .map(({ id, label, isMediaOnly, media }) => ({
      id,
      virtual_provider: id,
      display_name: label,
      description: "",
      provider_family: id in families ? id : "openai-compatible",
      base_url: null,
      base_url_configured: false,
      api_key_set: false,
      api_key_fingerprint: null,
      scope: "gateway" as const,
      capabilities: isMediaOnly ? [...(media?.tasks ?? [])] : ["text"],
      allowed_models: [],
      enabled: true,
      created_at: null,
      updated_at: null,
      managed: false,
      synthetic: true,
      provider_id: id,
      default_base_url: families[id]?.baseUrl ?? null,
      source: "environment",
    }));
  return [...entered, ...others];
}
