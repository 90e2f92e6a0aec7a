import type { MediaTask } from "#core/media.ts";

/** All settings of the gateway, resolved once from flags, environment and `.env`. Read by `config/load.ts`, the only reader of the environment. */
export interface Settings {
  host: string;
  port: number;
  dataDir: string;
  /** Folder of installed `.flow` bundles. */
  flowsDir: string;
  /** Folder of the editor's flows of the gateway's own runtime. */
  visualFlowsDir: string;
  /** SQLite file; lies under `dataDir`. */
  dbPath: string;
  /** Folder of the file store, under `dataDir`. */
  ledgerDir: string;
  storeBackend: "sqlite" | "file";
  /** Run the runner in this process. */
  runner: boolean;
  auth: AuthSettings;
  limits: LimitSettings;
  runtime: RunnerSettings;
  models: ModelSettings;
  workspace: {
    dir: string | null;
    mounts: { name: string; path: string }[];
    /** Runs may name folders outside the operator's. */
    allowsClientScope: boolean;
    /** How long a search for files by name uses what it has seen, and how many files that may be. */
    fileIndex: { ttlMs: number; maxFiles: number };
  };
  /** The bucket for the bytes of artifacts; null: they lie in the data folder. */
  s3: {
    bucket: string;
    endpoint: string | null;
    region: string | null;
    accessKeyId: string;
    secretAccessKey: string;
    prefix: string;
  } | null;
  /** File of MCP servers; null: `mcp.json` in the data folder, when it is there. */
  mcpFile: string | null;
  /** Encrypts the keys of provider connections; null: a key file in the data folder does. */
  secretKey: string | null;
  /** Where browsers of people reach the gateway, for links; null: where a request came to. */
  publicUrl: string | null;
  /** Null: no bot is configured. `serves`: the gateway itself runs the bridge. */
  telegram: (TelegramSettings & { serves: boolean }) | null;
  /** Runs may send with the gateway's account and bot. */
  comms: { email: boolean; telegram: boolean };
  /** Null: no account is configured. */
  email: (EmailSettings & { serves: boolean }) | null;
  code: { isFullAccessAllowed: boolean };
  memory: {
    backend: "lancedb" | "sqlite" | "memory";
    /** Folder of the index of the knowledge graph. */
    dir: string;
    /** Where LanceDB's tables are when not in that folder. */
    uri: string | null;
    /** How to reach them there; null where there is no `uri`. */
    bucket: null | {
      endpoint: string | null;
      region: string | null;
      accessKeyId: string | null;
      secretAccessKey: string | null;
      sessionToken: string | null;
    };
    /** Owner of what is known globally. */
    globalId: string;
    /** File of the semantics registry; null: the one that comes with the gateway. */
    semanticsPath: string | null;
  };
  web: {
    /** Hosts inside the network that tools may fetch from: `host`, `host:port` or `*.domain`. */
    allowedHosts: string[];
    search: { provider: "duckduckgo" | "searxng" | "brave"; baseUrl: string | null; apiKey: string | null };
  };
  webhooks: {
    /** Times between the attempts of a delivery; after the last one it has failed. */
    retryDelaysMs: number[];
    /** A receiver that failed for so long is switched off. */
    disableAfterMs: number;
  };
  telemetry: {
    /** Count, and answer at `/metrics`. */
    metrics: boolean;
    gpu: "auto" | "nvidia-smi" | "ioreg" | "off";
    /** Collector of traces; null: none. */
    traces: {
      url: string;
      headers: Record<string, string>;
      timeoutMs: number;
      /** Spans are gathered for so long. */
      delayMs: number;
      serviceName: string;
      resource: Record<string, string>;
      /** Prompts and answers too. */
      hasContent: boolean;
    } | null;
  };
  toolMode: "approval" | "passthrough" | "delegated" | "local";
  logLevel: "error" | "warn" | "info" | "debug";
  logFormat: "text" | "json";
  draftTtlS: number;
  /** Days until something goes; 0: never. */
  retention: {
    runsDays: number;
    statesDays: number;
    artifactsDays: number;
    /** Between two sweeps in the background; 0: none. */
    intervalMs: number;
  };
}

/** A bridge's part of the conversation: which flow works on what people write. */
export interface BridgeSettings {
  bundleId: string;
  flowId: string | null;
  provider: string | null;
  model: string | null;
  sessionPrefix: string;
  maxHistoryMessages: number;
  stateFile: string;
  questionsMs: number;
  /** Token of the user whom the bridge acts for; null: the gateway's own. */
  gatewayToken: string | null;
}

type ChatPolicy = "allowlist" | "open" | "disabled";

export interface TelegramSettings extends BridgeSettings {
  token: string;
  apiRoot: string;
  webhook: { url: string; host: string; port: number; secret: string } | null;
  pollTimeoutS: number;
  dmPolicy: ChatPolicy;
  groupPolicy: ChatPolicy;
  requiresMention: boolean;
  allowedUsers: string[];
  allowedChats: string[];
  groupAllowedUsers: string[];
  adminUsers: string[];
  storesMedia: boolean;
  typingIntervalMs: number;
  typingMaxMs: number;
  resetMessage: string;
  retryMs: { first: number; longest: number };
}

export interface EmailAccountSettings {
  name: string;
  from: string;
  replyTo: string | null;
  imap: { host: string; port: number; isSecure: boolean; user: string; password: string; folder: string } | null;
  smtp: {
    host: string;
    port: number;
    isSecure: boolean;
    startTls: boolean;
    user: string | null;
    password: string | null;
  } | null;
}

export interface EmailSettings extends Omit<BridgeSettings, "bundleId"> {
  account: EmailAccountSettings;
  bundleId: string | null;
  timeoutMs: number;
  pollMs: number;
  allowedSenders: string[];
  requiresAuthentication: boolean;
  authenticator: string | null;
  notifyTo: string | null;
  eventName: string;
  maxBodyChars: number;
  maxAttachments: number;
  maxAttachmentBytes: number;
  maxTotalBytes: number;
  retryMs: { first: number; longest: number };
}

export interface AuthSettings {
  /** False only with `ABSTRACTGATEWAY_SECURITY=0`. */
  enabled: boolean;
  tokens: string[];
  allowedOrigins: string[];
  protectRead: boolean;
  protectWrite: boolean;
  devReadNoAuth: boolean;
  trustProxy: boolean;
  lockoutAfter: number;
  lockoutBaseS: number;
  lockoutMaxS: number;
  audit: { enabled: boolean; maxBytes: number; rotations: number; headers: string[] };
  users: UserSettings;
}

export interface UserSettings {
  /** Several users, each with a runtime of their own. */
  enabled: boolean;
  /** Users, digests of tokens, sessions. */
  file: string;
  adminUsesDefaultRuntime: boolean;
  /** Runs of every user may use the shell. */
  mayExecute: boolean;
  session: {
    /** Ends so long after the sign-in, and so long after its last request. */
    ttlS: number;
    idleS: number;
    rememberTtlS: number;
    rememberIdleS: number;
    max: number;
    cookie: string;
    csrfCookie: string;
    /** In lower case. */
    header: string;
    csrfHeader: string;
  };
  bootstrap: { enabled: boolean; token: string | null; tokenFile: string; printsToken: boolean };
}

export interface LimitSettings {
  maxBodyBytes: number;
  /** 0: no extra cap. */
  maxUploadBodyBytes: number;
  maxAttachmentBytes: number;
  maxBundleBytes: number;
  /** A conversation about a run that is kept. */
  maxChatThreadBytes: number;
  maxConcurrency: number;
  maxSse: number;
  /** Larger leaves of records and vars become artifacts. 0 or less: never. */
  maxInlineBytes: number;
}

export interface RunnerSettings {
  /** Actors that work at the same time. */
  maxActiveRuns: number;
  /** Effects that leave the process at the same time. */
  maxEffects: number;
  /** A slice of one run's work ends after so many records or so many ms. */
  sliceRecords: number;
  sliceMs: number;
  leaseMs: number;
  /** SIGTERM: time for effects in flight, ms. */
  graceMs: number;
  compatNodeErrors: boolean;
  /** For crash tests only (`ABSTRACTGATEWAY_CRASH_AT=name:count`): the process kills itself when it passes this point for the nth time. */
  crashAt: { point: string; count: number } | null;
}

export interface ModelSettings {
  dirs: string[];
  defaultProvider: string | null;
  defaultModel: string | null;
  /** Who makes embeddings when nobody is named; null: the first local model for them. */
  embedding: { provider: string; model: string } | null;
  /** Who makes media when nobody is named. */
  media: Partial<Record<MediaTask, { provider: string; model: string }>>;
  /** Servers and clouds by provider id. */
  endpoints: {
    id: string;
    kind: "openai-compatible" | "openai" | "anthropic" | "google" | "elevenlabs";
    baseUrl: string;
    apiKey: string | null;
    label: string;
  }[];
  /** Look for LM Studio, Ollama, vLLM and llama-server at their usual addresses on this machine. */
  probesServers: boolean;
  /** A server that says nothing in a call for so long is given up; 0: never. */
  quietMs: number;
  localThreads: number | null;
  local: {
    /** Memory for all local models together, bytes; null: four fifths of what there is. */
    memoryBytes: number | null;
    maxContextTokens: number;
    /** A model that nobody has used for so long is unloaded; 0: never. */
    idleMs: number;
    gpu: "auto" | "off" | "cuda" | "vulkan" | "metal";
    /** Folder with another build of llama.cpp, such as one for CUDA. */
    llamaDir: string | null;
  };
  /** US dollars for a million tokens, by `<provider>/<model>` or `<provider>/*`. */
  prices: Record<string, { input: number; output: number; cachedInput?: number }>;
  /** Where models are pulled from. */
  hub: { url: string; token: string | null };
  /** Saved beginnings of conversations with local models; null: none are saved. */
  promptCache: { folder: string; exportFolder: string; maxBytes: number } | null;
  /** Whether runs want a prompt cache when their input does not say; null: nobody says. */
  cachesPrompts: boolean | null;
  /** Patience with providers that are asked which models they have. */
  timeouts: { discoveryMs: number; listMs: number; probeMs: number };
  cacheDir: string | null;
}
