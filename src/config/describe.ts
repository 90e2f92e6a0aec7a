import type { Settings } from "#config/settings.ts";

/** What is in force, without secrets: the JSON of `config status` (contract http-api 3.7, as far as it applies). */
export function describeSettings(settings: Settings) {
  return {
    gateway: {
      host: settings.host,
      port: settings.port,
      data_dir: settings.dataDir,
      flows_dir: settings.flowsDir,
      workflow_source: "bundle",
      store_backend: settings.storeBackend,
      db_path: settings.dbPath,
      runner_enabled: settings.runner,
      auth_configured: settings.auth.tokens.length > 0,
      allowed_origins: settings.auth.allowedOrigins,
      tool_mode: settings.toolMode,
      max_attachment_bytes: settings.limits.maxAttachmentBytes,
    },
    models: {
      dirs: settings.models.dirs,
      default_provider: settings.models.defaultProvider,
      default_model: settings.models.defaultModel,
      endpoints: settings.models.endpoints.map(({ id, baseUrl, apiKey }) => ({
        id,
        base_url: baseUrl,
        api_key_set: apiKey !== null,
      })),
    },
    next_steps: nextSteps(settings),
  };
}

/** The same for a person. */
export function describeText(settings: Settings): string {
  const { gateway, models, next_steps } = describeSettings(settings);
  const rows = Object.entries({ ...gateway, models_dirs: models.dirs.join(", ") });
  const endpoints = models.endpoints.map(
    (each) => `- endpoint ${each.id}: ${each.base_url}${each.api_key_set ? " (key set)" : ""}`,
  );
  return [
    "AbstractGateway configuration status",
    ...rows.map(([name, value]) => `- ${name}: ${Array.isArray(value) ? value.join(", ") : String(value)}`),
    ...endpoints,
    ...next_steps.map((step) => `\n${step}`),
  ].join("\n");
}

function nextSteps(settings: Settings): string[] {
  if (settings.auth.tokens.length === 0)
    return ["No token is configured: `abstractgateway config init` writes one to .env."];
  return ["`abstractgateway serve` starts the gateway with these settings."];
}
