import { readFileSync } from "node:fs";
import { delimiter, isAbsolute, join, relative, resolve, sep } from "node:path";
import { AppError, messageOf } from "#core/errors.ts";
import { parseDotenv } from "#config/dotenv.ts";
import { modelSettings } from "#config/model-settings.ts";
import { VariableReader, gateway } from "#config/reader.ts";
import { unknownVariables } from "#config/unknown-variables.ts";
import type { AuthSettings, LimitSettings, RunnerSettings, Settings } from "#config/settings.ts";

export interface LoadOptions {
  env: Record<string, string | undefined>;
  /** Command-line flags: they win over everything. */
  flags?: { host?: string; port?: number; dataDir?: string; flowsDir?: string; runner?: boolean };
  cwd: string;
  /** Must exist when named; `.env` in the working directory is read when it is there. Null: no file. */
  envFile?: string | null;
}

const day = 86_400;
const large = Number.MAX_SAFE_INTEGER;

export interface Configuration {
  settings: Settings;
  /** Sentences about variables that nothing reads: typing errors, or parts that this build does not have. */
  warnings: string[];
}

/** Settings from flags, environment, `.env` and defaults, in this order. AppError `invalid_request` names the variable and the reason. */
export function loadSettings(options: LoadOptions): Settings {
  return loadConfiguration(options).settings;
}

/** The settings, and what is odd about where they came from. AppErrors as `loadSettings`. */
export function loadConfiguration({ env, flags = {}, cwd, envFile }: LoadOptions): Configuration {
  const file = readEnvFile(cwd, envFile);
  const read = new VariableReader([env, file]);
  const settings = readSettings(read, flags, cwd);
  // Settings all the same, although a flag made it needless to read them.
  for (const name of ["HOST", "PORT", "DATA_DIR", "FLOWS_DIR", "RUNNER"]) read.text(...gateway(name));
  const given = [...Object.entries(env), ...Object.entries(file)].flatMap(([name, value]) => (value ? [name] : []));
  return { settings, warnings: unknownVariables(given, read.asked) };
}

function readSettings(read: VariableReader, flags: NonNullable<LoadOptions["flags"]>, cwd: string): Settings {
  const dataDir = resolve(
    cwd,
    flags.dataDir ?? read.text(...gateway("DATA_DIR"), "ABSTRACTFLOW_RUNTIME_DIR") ?? "runtime",
  );
  const flows =
    flags.flowsDir ?? read.text(...gateway("FLOWS_DIR"), "ABSTRACTFRAMEWORK_WORKFLOWS_DIR", "ABSTRACTFLOW_FLOWS_DIR");
  checkFixedChoices(read);
  return {
    host: flags.host ?? read.text(...gateway("HOST")) ?? "127.0.0.1",
    port: flags.port ?? read.number(8080, { min: 0, max: 65_535 }, ...gateway("PORT")),
    dataDir,
    flowsDir: flows === null ? join(dataDir, "flows") : resolve(cwd, flows),
    dbPath: databasePath(read, cwd, dataDir),
    storeBackend: storeBackend(read),
    runner: flags.runner ?? read.flag(true, ...gateway("RUNNER")),
    auth: authSettings(read),
    limits: limitSettings(read),
    runtime: runnerSettings(read),
    models: modelSettings(read, { cwd, dataDir, delimiter }),
    workspace: {
      dir: pathOrNull(read, cwd, "WORKSPACE_DIR"),
      mounts: mounts(read),
      allowsClientScope: read.flag(
        false,
        ...gateway("ALLOW_CLIENT_WORKSPACE_SCOPE"),
        ...gateway("TRUST_CLIENT_WORKSPACE_SCOPE"),
      ),
    },
    mcpFile: pathOrNull(read, cwd, "MCP_CONFIG"),
    secretKey: read.text(...gateway("SECRET_KEY")),
    web: webSettings(read),
    code: { isFullAccessAllowed: read.flag(false, "ABSTRACTRUNTIME_CODE_FULL_ACCESS") },
    telemetry: {
      metrics: read.flag(true, ...gateway("METRICS")),
      gpu: read.choice("auto", gpuSources, ...gateway("GPU_METRICS_PROVIDER")),
    },
    toolMode: read.choice("approval", toolModes, ...gateway("TOOL_MODE")),
    logLevel: read.choice("warn", logLevels, ...gateway("CONSOLE_LOG_LEVEL"), ...gateway("LOG_LEVEL")),
    draftTtlS: read.number(
      7 * day,
      { min: 1, max: large },
      ...gateway("DRAFT_RUN_RETENTION_TTL_S"),
      ...gateway("DRAFT_RUN_TTL_S"),
    ),
  };
}

function webSettings(read: VariableReader): Settings["web"] {
  const hosts = read.text(...gateway("ALLOWED_HOSTS")) ?? "";
  const providers = { allowed: ["duckduckgo", "searxng", "brave"], aliases: {} } as const;
  const provider = read.choice("duckduckgo", providers, ...gateway("SEARCH_PROVIDER"));
  const baseUrl = read.text(...gateway("SEARCH_URL"));
  const apiKey = read.text(...gateway("SEARCH_API_KEY"));
  if (baseUrl !== null && !/^https?:\/\//.test(baseUrl)) {
    throw new AppError(
      "invalid_request",
      `ABSTRACTGATEWAY_SEARCH_URL must be an http or https address, not '${baseUrl}'`,
    );
  }
  if (provider === "searxng" && baseUrl === null) {
    throw new AppError("invalid_request", "ABSTRACTGATEWAY_SEARCH_PROVIDER 'searxng' needs ABSTRACTGATEWAY_SEARCH_URL");
  }
  if (provider === "brave" && apiKey === null) {
    throw new AppError(
      "invalid_request",
      "ABSTRACTGATEWAY_SEARCH_PROVIDER 'brave' needs ABSTRACTGATEWAY_SEARCH_API_KEY",
    );
  }
  const allowedHosts = hosts
    .split(",")
    .map((host) => host.trim())
    .filter(Boolean);
  return { allowedHosts, search: { provider, baseUrl, apiKey } };
}

// The other spellings are the reference's.
const toolModes = {
  allowed: ["approval", "passthrough", "delegated", "local"],
  aliases: { delegate: "delegated", job: "delegated", local_all: "local" },
} as const;
const gpuSources = {
  allowed: ["auto", "nvidia-smi", "ioreg", "off"],
  aliases: { nvidia: "nvidia-smi", macos: "ioreg", "0": "off", false: "off", none: "off", disabled: "off" },
} as const;
const logLevels = {
  allowed: ["error", "warn", "info", "debug"],
  aliases: { critical: "error", fatal: "error", warning: "warn" },
} as const;

/** Settings that have one value here; another one must not be passed over in silence. */
function checkFixedChoices(read: VariableReader): void {
  read.choice("bundle", { allowed: ["bundle"] }, ...gateway("WORKFLOW_SOURCE"));
  const backends = {
    allowed: ["lancedb", "sqlite", "memory"],
    aliases: { lance: "lancedb", vector: "lancedb", sqlite3: "sqlite", in_memory: "memory" },
  } as const;
  read.choice("lancedb", backends, ...gateway("MEMORY_STORE_BACKEND"), ...gateway("MEMORY_BACKEND"));
}

function readEnvFile(cwd: string, envFile: string | null | undefined): Record<string, string> {
  if (envFile === null) return {};
  const path = envFile ?? join(cwd, ".env");
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const isMissing = error instanceof Error && "code" in error && error.code === "ENOENT";
    if (envFile === undefined && isMissing) return {};
    throw new AppError("invalid_request", `${path} cannot be read: ${messageOf(error)}`, { cause: error });
  }
  return parseDotenv(text, path);
}

function databasePath(read: VariableReader, cwd: string, dataDir: string): string {
  const named = read.text(...gateway("DB_PATH"));
  const path = named === null ? join(dataDir, "gateway.sqlite3") : resolve(cwd, named);
  const inside = relative(dataDir, path);
  if (inside === "" || inside === ".." || inside.startsWith(`..${sep}`) || isAbsolute(inside)) {
    throw new AppError(
      "invalid_request",
      `ABSTRACTGATEWAY_DB_PATH must lie under the data folder ${dataDir}, not at ${path}`,
    );
  }
  return path;
}

function storeBackend(read: VariableReader): "sqlite" {
  const named = read.text(...gateway("STORE_BACKEND"))?.toLowerCase() ?? "sqlite";
  if (named === "sqlite") return named;
  throw new AppError(
    "unsupported",
    `ABSTRACTGATEWAY_STORE_BACKEND: the store '${named}' is not available yet, use sqlite`,
  );
}

function pathOrNull(read: VariableReader, cwd: string, name: string): string | null {
  const value = read.text(...gateway(name));
  return value === null ? null : resolve(cwd, value);
}

function mounts(read: VariableReader): { name: string; path: string }[] {
  const lines = read.text(...gateway("WORKSPACE_MOUNTS"))?.split("\n") ?? [];
  return lines
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .map((line) => {
      const [name = "", ...rest] = line.split("=");
      const path = rest.join("=").trim();
      if (!name.trim() || !isAbsolute(path)) {
        throw new AppError("invalid_request", `ABSTRACTGATEWAY_WORKSPACE_MOUNTS: '${line}' is not name=/absolute/path`);
      }
      return { name: name.trim(), path };
    });
}

function authSettings(read: VariableReader): AuthSettings {
  return {
    enabled: read.flag(true, ...gateway("SECURITY")),
    tokens: [...read.list([], ...gateway("AUTH_TOKEN")), ...read.list([], ...gateway("AUTH_TOKENS"))],
    allowedOrigins: read.list(["http://localhost:*", "http://127.0.0.1:*"], ...gateway("ALLOWED_ORIGINS")),
    protectRead: read.flag(true, ...gateway("PROTECT_READ")),
    protectWrite: read.flag(true, ...gateway("PROTECT_WRITE")),
    devReadNoAuth: read.flag(false, ...gateway("DEV_READ_NO_AUTH")),
    trustProxy: read.flag(false, ...gateway("TRUST_PROXY")),
    lockoutAfter: read.number(5, { min: 0, max: 1_000_000 }, ...gateway("LOCKOUT_AFTER")),
    lockoutBaseS: read.number(1, { min: 0, max: day, whole: false }, ...gateway("LOCKOUT_BASE_S")),
    lockoutMaxS: read.number(60, { min: 0, max: day, whole: false }, ...gateway("LOCKOUT_MAX_S")),
    audit: {
      enabled: read.flag(true, ...gateway("AUDIT_LOG")),
      maxBytes: read.number(52_428_800, { min: 1024, max: large }, ...gateway("AUDIT_LOG_MAX_BYTES")),
      rotations: read.number(10, { min: 0, max: 200 }, ...gateway("AUDIT_LOG_ROTATIONS")),
      headers: read.list(["x-client-id", "x-client-version", "x-forwarded-for"], ...gateway("AUDIT_LOG_HEADERS")),
    },
  };
}

function limitSettings(read: VariableReader): LimitSettings {
  const bytes = { min: 1, max: large };
  return {
    maxBodyBytes: read.number(2 * 1024 * 1024, bytes, ...gateway("MAX_BODY_BYTES")),
    maxUploadBodyBytes: read.number(0, { min: 0, max: large }, ...gateway("MAX_UPLOAD_BODY_BYTES")),
    maxAttachmentBytes: read.number(26_214_400, bytes, ...gateway("MAX_ATTACHMENT_BYTES")),
    maxBundleBytes: read.number(78_643_200, bytes, ...gateway("MAX_BUNDLE_BYTES")),
    maxConcurrency: read.number(512, { min: 1, max: 1_000_000 }, ...gateway("MAX_CONCURRENCY")),
    maxSse: read.number(4096, { min: 1, max: 1_000_000 }, ...gateway("MAX_SSE")),
    maxInlineBytes: read.number(262_144, { min: -large, max: large }, "ABSTRACTRUNTIME_MAX_INLINE_BYTES"),
  };
}

function runnerSettings(read: VariableReader): RunnerSettings {
  return {
    maxActiveRuns: read.number(64, { min: 1, max: 10_000 }, ...gateway("MAX_ACTIVE_RUNS")),
    maxEffects: read.number(64, { min: 1, max: 10_000 }, ...gateway("MAX_EFFECTS")),
    sliceRecords: 64,
    sliceMs: 10,
    leaseMs: read.number(15_000, { min: 1000, max: 600_000 }, ...gateway("LEASE_MS")),
    graceMs: read.number(10_000, { min: 0, max: 600_000 }, ...gateway("GRACE_MS")),
    compatNodeErrors: read.flag(false, ...gateway("COMPAT_NODE_ERRORS")),
    crashAt: crashAt(read.text(...gateway("CRASH_AT"))),
  };
}

function crashAt(text: string | null): RunnerSettings["crashAt"] {
  if (text === null) return null;
  const match = /^([a-z-]+):(\d+)$/.exec(text);
  if (!match) throw new AppError("invalid_request", `ABSTRACTGATEWAY_CRASH_AT must be point:count, not '${text}'`);
  return { point: match[1] ?? "", count: Number(match[2]) };
}
