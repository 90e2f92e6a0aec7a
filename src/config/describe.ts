import { ledgerPath } from "#config/ledger-path.ts";
import type { Settings } from "#config/settings.ts";

/** What is in force, without secrets: the JSON of `config status` (contract http-api 3.7, as far as it applies), keys sorted. */
export function describeSettings(settings: Settings) {
  const { auth, limits, models } = settings;
  return {
    gateway: {
      allowed_origins: auth.allowedOrigins,
      auth_configured: auth.tokens.length > 0,
      data_dir: settings.dataDir,
      db_path: settings.dbPath,
      flows_dir: settings.flowsDir,
      host: settings.host,
      max_attachment_bytes: limits.maxAttachmentBytes,
      port: settings.port,
      runner_enabled: settings.runner,
      security_enabled: auth.enabled,
      store_backend: settings.storeBackend,
      tool_mode: settings.toolMode,
      user_auth_enabled: auth.users.enabled,
      workflow_source: "bundle",
    },
    memory: { backend: settings.memory.backend, path: memoryPath(settings), require_vector: false },
    models: {
      default_model: models.defaultModel,
      default_provider: models.defaultProvider,
      dirs: models.dirs,
      endpoints: models.endpoints.map(({ id, baseUrl, apiKey }) => ({
        api_key_set: apiKey !== null,
        base_url: withoutPassword(baseUrl),
        id,
      })),
    },
    next_steps: nextSteps(settings),
    runtime: { prompt_cache: models.cachesPrompts },
  };
}

/** The same for a person; `more`: further lines before the next steps. */
export function describeText(settings: Settings, more: string[] = []): string {
  const { gateway, models, next_steps } = describeSettings(settings);
  const rows: [string, unknown][] = [
    ["data_dir", gateway.data_dir],
    ["flows_dir", gateway.flows_dir],
    ["store_backend", `${gateway.store_backend} (${ledgerPath(settings)})`],
    ["runner_enabled", gateway.runner_enabled],
    ["gateway_auth_configured", gateway.auth_configured],
    ["security_enabled", gateway.security_enabled],
    ["listens_on", `${gateway.host}:${gateway.port}`],
    ["allowed_origins", gateway.allowed_origins.join(", ") || "none"],
    ["tool_mode", gateway.tool_mode],
    ["memory_backend", `${settings.memory.backend} (${memoryPath(settings) ?? "process memory"})`],
    ["models_dirs", models.dirs.join(", ")],
    ["default_model", models.default_model ?? "the first one that is found"],
    ...models.endpoints.map(({ id, base_url, api_key_set }): [string, string] => [
      `endpoint ${id}`,
      `${base_url}${api_key_set ? " (key set)" : ""}`,
    ]),
  ];
  const lines = rows.map(([name, value]) => `- ${name}: ${String(value)}`);
  return ["AbstractGateway configuration status", ...lines, ...more, "", ...next_steps].join("\n");
}

function memoryPath({ memory: { backend, dir, uri } }: Settings): string | null {
  if (backend === "memory") return null;
  return backend === "lancedb" && uri !== null ? withoutPassword(uri) : dir;
}

function withoutPassword(address: string): string {
  if (!URL.canParse(address)) return address;
  const url = new URL(address);
  if (url.username === "" && url.password === "") return address;
  url.username = "";
  url.password = "";
  return url.href;
}

function nextSteps({ auth }: Settings): string[] {
  if (auth.enabled && auth.tokens.length === 0 && !auth.users.enabled) {
    return ["No token is configured: `abstractgateway config init` writes one to .env."];
  }
  return ["`abstractgateway serve` starts the gateway with these settings."];
}
