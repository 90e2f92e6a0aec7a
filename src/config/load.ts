import { readFileSync } from "node:fs";
import { delimiter, isAbsolute, join, relative, resolve, sep } from "node:path";
import { AppError, messageOf } from "#core/errors.ts";
import { parseDotenv } from "#config/dotenv.ts";
import { emailSettings } from "#config/email-settings.ts";
import { modelSettings } from "#config/model-settings.ts";
import { type Layer, VariableReader } from "#config/reader.ts";
import { telegramSettings } from "#config/telegram-settings.ts";
import { unknownVariables } from "#config/unknown-variables.ts";
import { userSettings } from "#config/user-settings.ts";
import type { AuthSettings, LimitSettings, RunnerSettings, Settings } from "#config/settings.ts";
import { allVariables } from "#config/variables/groups.ts";
import { artifacts } from "#config/variables/artifacts.ts";
import { limits } from "#config/variables/limits.ts";
import { retention } from "#config/variables/retention.ts";
import { memory } from "#config/variables/memory.ts";
import { running } from "#config/variables/running.ts";
import { security } from "#config/variables/security.ts";
import { server } from "#config/variables/server.ts";
import { telemetry } from "#config/variables/telemetry.ts";
import { tools } from "#config/variables/tools.ts";

export interface LoadOptions {
  env: Record<string, string | undefined>;
  /** Command-line flags: they win over everything. */
  flags?: { host?: string; port?: number; dataDir?: string; flowsDir?: string; runner?: boolean };
  cwd: string;
  /** Must exist when named; `.env` in the working directory is read when it is there. Null: no file. */
  envFile?: string | null;
}

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
export function loadConfiguration(options: LoadOptions): Configuration {
  const layers = variableLayers(options);
  const settings = readSettings(new VariableReader(layers), options.flags ?? {}, options.cwd);
  const given = layers.flatMap(({ values }) =>
    Object.entries(values).flatMap(([name, value]) => (value ? [name] : [])),
  );
  const known = new Set(allVariables.flatMap(({ names }) => names));
  return { settings, warnings: unknownVariables(given, known) };
}

/** Where variables may come from, in order. */
export function variableLayers({ env, cwd, envFile }: LoadOptions): Layer[] {
  return [
    { source: "environment", values: env },
    { source: envFile ?? ".env", values: readEnvFile(cwd, envFile) },
  ];
}

function readSettings(read: VariableReader, flags: NonNullable<LoadOptions["flags"]>, cwd: string): Settings {
  const folder = resolve(cwd, read.get(server.dataDir) ?? "runtime");
  const dataDir = flags.dataDir === undefined ? folder : resolve(cwd, flags.dataDir);
  // What is named below the configured folder goes with it when a flag names another one.
  const placed = (path: string) => (isInside(folder, path) ? join(dataDir, relative(folder, path)) : path);
  const flows = read.get(server.flowsDir);
  const visualFlows = read.get(server.visualFlowsDir);
  // It has one value; another one must not be passed over in silence.
  read.get<string>(server.workflowSource);
  return {
    host: flags.host ?? read.get(server.host) ?? "127.0.0.1",
    port: flags.port ?? read.get(server.port),
    dataDir,
    flowsDir: flowsFolder(flags.flowsDir, flows === null ? null : placed(resolve(cwd, flows)), { cwd, dataDir }),
    visualFlowsDir: visualFlows === null ? join(dataDir, "visualflows") : placed(resolve(cwd, visualFlows)),
    dbPath: databasePath(read, { cwd, dataDir, placed }),
    ledgerDir: join(dataDir, "ledger"),
    storeBackend: read.get(server.storeBackend),
    runner: flags.runner ?? read.get(server.runner),
    auth: { ...authSettings(read), users: userSettings(read, { cwd, dataDir }) },
    limits: limitSettings(read),
    runtime: runnerSettings(read),
    models: modelSettings(read, { cwd, dataDir, delimiter }),
    workspace: {
      dir: pathOrNull(read.get(tools.workspaceDir), cwd),
      mounts: read.get(tools.workspaceMounts),
      allowsClientScope: read.get(tools.allowsClientScope),
      fileIndex: { ttlMs: read.get(tools.fileIndexTtlS) * 1000, maxFiles: read.get(tools.fileIndexMaxFiles) },
    },
    s3: s3Settings(read),
    mcpFile: pathOrNull(read.get(tools.mcpConfig), cwd),
    secretKey: read.get(security.secretKey),
    publicUrl: read.get(server.publicUrl),
    comms: commsSettings(read),
    email: emailSettings(read, { dataDir }),
    telegram: telegramSettings(read, { cwd, dataDir }),
    memory: memorySettings(read, { dataDir, cwd }),
    web: webSettings(read),
    code: { isFullAccessAllowed: read.get(tools.codeFullAccess) },
    webhooks: {
      retryDelaysMs: read.get(running.webhookRetryS).map((delay) => delay * 1000),
      disableAfterMs: read.get(running.webhookDisableAfterS) * 1000,
    },
    telemetry: { metrics: read.get(server.metrics), gpu: read.get(server.gpuMetrics), traces: traceSettings(read) },
    toolMode: read.get(running.toolMode),
    logLevel: read.get(server.logLevel),
    draftTtlS: read.get(retention.draftTtlS),
    retention: {
      runsDays: read.get(retention.runsDays),
      statesDays: read.get(retention.statesDays),
      artifactsDays: read.get(retention.artifactsDays),
      intervalMs: read.get(retention.gcIntervalS) * 1000,
    },
    logFormat: read.get(server.logFormat),
  };
}

function commsSettings(read: VariableReader): Settings["comms"] {
  const [all, email, telegram] = [read.get(tools.comms), read.get(tools.commsEmail), read.get(tools.commsTelegram)];
  return { email: all || email, telegram: all || telegram };
}

function traceSettings(read: VariableReader): Settings["telemetry"]["traces"] {
  const base = read.get(telemetry.endpoint);
  const url = read.get(telemetry.tracesEndpoint) ?? (base === null ? null : `${base}/v1/traces`);
  const settings = {
    headers: read.get(telemetry.headers),
    timeoutMs: read.get(telemetry.timeoutMs),
    delayMs: read.get(telemetry.delayMs),
    serviceName: read.get(telemetry.serviceName) ?? "abstractgateway",
    resource: read.get(telemetry.resource),
    hasContent: read.get(telemetry.hasContent),
  };
  const isOff = read.get(telemetry.isDisabled) || read.get(telemetry.tracesExporter) === "none";
  return url === null || isOff ? null : { url, ...settings };
}

function memorySettings(read: VariableReader, { dataDir, cwd }: { dataDir: string; cwd: string }): Settings["memory"] {
  const path = read.get(memory.path);
  const isUri = path !== null && /^[a-z][a-z0-9+]*:\/\//i.test(path);
  const backend = read.get(memory.backend);
  const access = bucketAccess(read);
  if (isUri && backend !== "lancedb") {
    throw new AppError("invalid_request", `ABSTRACTGATEWAY_MEMORY_STORE_PATH '${path}' needs the backend lancedb`);
  }
  if (isUri && !/^s3:\/\/[^/]+/i.test(path)) {
    throw new AppError(
      "invalid_request",
      `ABSTRACTGATEWAY_MEMORY_STORE_PATH '${path}': only s3://bucket/prefix is known`,
    );
  }
  return {
    backend,
    dir: path === null || isUri ? join(dataDir, "abstractmemory") : resolve(cwd, path),
    uri: isUri ? path.replace(/\/+$/, "") : null,
    bucket: isUri ? access : null,
    globalId: read.get(memory.globalId) ?? "global_memory",
    semanticsPath: pathOrNull(read.get(memory.semanticsPath), cwd),
  };
}

function bucketAccess(read: VariableReader): NonNullable<Settings["memory"]["bucket"]> {
  return {
    endpoint: read.get(artifacts.endpoint),
    region: read.get(artifacts.region),
    accessKeyId: read.get(artifacts.accessKeyId),
    secretAccessKey: read.get(artifacts.secretAccessKey),
    sessionToken: read.get(memory.sessionToken),
  };
}

function s3Settings(read: VariableReader): Settings["s3"] {
  const bucket = read.get(artifacts.bucket);
  const accessKeyId = read.get(artifacts.accessKeyId);
  const secretAccessKey = read.get(artifacts.secretAccessKey);
  const place = { endpoint: read.get(artifacts.endpoint), region: read.get(artifacts.region) };
  const prefix = (read.get(artifacts.prefix) ?? "").replace(/^\/+|\/+$/g, "");
  if (bucket === null) return null;
  if (accessKeyId === null || secretAccessKey === null) {
    const missing = accessKeyId === null ? "S3_ACCESS_KEY_ID" : "S3_SECRET_ACCESS_KEY";
    throw new AppError("invalid_request", `ABSTRACTGATEWAY_S3_BUCKET needs ABSTRACTGATEWAY_${missing}`);
  }
  return { bucket, ...place, accessKeyId, secretAccessKey, prefix: prefix === "" ? "" : `${prefix}/` };
}

function webSettings(read: VariableReader): Settings["web"] {
  const provider = read.get(tools.searchProvider);
  const baseUrl = read.get(tools.searchUrl);
  const apiKey = read.get(tools.searchApiKey);
  if (provider === "searxng" && baseUrl === null) {
    throw new AppError("invalid_request", "ABSTRACTGATEWAY_SEARCH_PROVIDER 'searxng' needs ABSTRACTGATEWAY_SEARCH_URL");
  }
  if (provider === "brave" && apiKey === null) {
    throw new AppError(
      "invalid_request",
      "ABSTRACTGATEWAY_SEARCH_PROVIDER 'brave' needs ABSTRACTGATEWAY_SEARCH_API_KEY",
    );
  }
  return { allowedHosts: read.get(tools.allowedHosts), search: { provider, baseUrl, apiKey } };
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

function flowsFolder(
  flag: string | undefined,
  named: string | null,
  { cwd, dataDir }: { cwd: string; dataDir: string },
) {
  if (flag !== undefined) return resolve(cwd, flag);
  return named ?? join(dataDir, "flows");
}

function databasePath(
  read: VariableReader,
  { cwd, dataDir, placed }: { cwd: string; dataDir: string; placed: (path: string) => string },
): string {
  const named = read.get(server.dbPath);
  const path = named === null ? join(dataDir, "gateway.sqlite3") : placed(resolve(cwd, named));
  if (!isInside(dataDir, path)) {
    throw new AppError(
      "invalid_request",
      `ABSTRACTGATEWAY_DB_PATH must lie under the data folder ${dataDir}, not at ${path}`,
    );
  }
  return path;
}

function isInside(folder: string, path: string): boolean {
  const inside = relative(folder, path);
  return inside !== "" && inside !== ".." && !inside.startsWith(`..${sep}`) && !isAbsolute(inside);
}

function pathOrNull(path: string | null, cwd: string): string | null {
  return path === null ? null : resolve(cwd, path);
}

function authSettings(read: VariableReader): Omit<AuthSettings, "users"> {
  return {
    enabled: read.get(security.enabled),
    tokens: [...read.get(security.authToken), ...read.get(security.authTokens)],
    allowedOrigins: read.get(security.allowedOrigins),
    protectRead: read.get(security.protectRead),
    protectWrite: read.get(security.protectWrite),
    devReadNoAuth: read.get(security.devReadNoAuth),
    trustProxy: read.get(security.trustProxy),
    lockoutAfter: read.get(security.lockoutAfter),
    lockoutBaseS: read.get(security.lockoutBaseS),
    lockoutMaxS: read.get(security.lockoutMaxS),
    audit: {
      enabled: read.get(security.auditLog),
      maxBytes: read.get(security.auditLogMaxBytes),
      rotations: read.get(security.auditLogRotations),
      headers: read.get(security.auditLogHeaders),
    },
  };
}

function limitSettings(read: VariableReader): LimitSettings {
  return {
    maxBodyBytes: read.get(limits.maxBodyBytes),
    maxUploadBodyBytes: read.get(limits.maxUploadBodyBytes),
    maxAttachmentBytes: read.get(limits.maxAttachmentBytes),
    maxBundleBytes: read.get(limits.maxBundleBytes),
    maxChatThreadBytes: read.get(limits.maxChatThreadBytes),
    maxConcurrency: read.get(limits.maxConcurrency),
    maxSse: read.get(limits.maxSse),
    maxInlineBytes: read.get(limits.maxInlineBytes),
  };
}

function runnerSettings(read: VariableReader): RunnerSettings {
  return {
    maxActiveRuns: read.get(running.maxActiveRuns),
    maxEffects: read.get(running.maxEffects),
    sliceRecords: 64,
    sliceMs: 10,
    leaseMs: read.get(running.leaseMs),
    graceMs: read.get(running.graceMs),
    compatNodeErrors: read.get(running.compatNodeErrors),
    crashAt: read.get(running.crashAt),
  };
}
