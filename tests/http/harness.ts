import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createGraphMemory } from "#app/graph-memory.ts";
import { emailAccounts } from "#app/comms.ts";
import { createLinks } from "#app/links.ts";
import { createModelConfig } from "#app/model-config.ts";
import { createCatalog, createPeople } from "#app/people.ts";
import { createCallerServices, createRuntimes } from "#app/runtimes.ts";
import type { Accounts } from "#auth/accounts.ts";
import { createWebhooks } from "#app/webhooks.ts";
import { type AccessLog, createAccessLog } from "#artifacts/access-log.ts";
import { createArtifacts } from "#artifacts/artifacts.ts";
import { createDiskBlobs } from "#artifacts/disk-blobs.ts";
import type { BlobStore } from "#artifacts/blob-store.ts";
import type { AuthSettings, LimitSettings, Settings, UserSettings } from "#config/settings.ts";
import type { SealedRecord, StepRecord } from "#core/record.ts";
import type { RunProgress } from "#core/run.ts";
import { systemClock } from "#core/time.ts";
import { createHttp } from "#http/create-http.ts";
import { createUploads } from "#artifacts/uploads.ts";
import { workspaceOpener } from "#app/workspace-access.ts";
import { createVisualFlowStore } from "#bundles/visual-flows/visual-flow-store.ts";
import { newId } from "#core/ids.ts";
import { createFileIndex } from "#tools/file-index.ts";
import { builtinTools } from "#tools/builtin-tools.ts";
import { createToolRegistry } from "#tools/registry.ts";
import { type WholeServices, ownServices } from "#http/own-services.ts";
import type { Services, SharedServices, WebhookServices } from "#http/services.ts";
import type { Scope } from "#core/scope.ts";
import { seal } from "#ledger/chain.ts";
import type { Ledger, NewRun } from "#ledger/ledger.ts";
import { openSqliteLedger } from "#ledger/sqlite/sqlite-ledger.ts";
import { createBlocStore } from "#models/blocs/bloc-store.ts";
import type { ProviderRegistry } from "#models/provider.ts";
import type { Delta, Runner } from "#runner/runner.ts";
import { createAnnotateRun } from "#runner/annotate.ts";
import { createForkRun } from "#runner/fork.ts";
import { createRetention } from "#retention/create-retention.ts";
import { createStartRun } from "#runner/start.ts";
import { createSubmitCommand } from "#runner/submit.ts";
import { FakeBundles, installed } from "./fake-bundles.ts";

export const token = "test-token-0123456789abcdef";

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  /** The parsed body, or null when it is not JSON. */
  body: any;
}

export interface RequestOptions {
  headers?: Record<string, string>;
  /** Sent as JSON, unless it is a text or a form. */
  body?: unknown;
  /** False: without a token. */
  auth?: boolean;
}

/** A real HTTP server over a real SQLite ledger. Bundles, plans, models and the runner are fakes. */
export interface Harness {
  url: string;
  settings: Settings;
  ledger: Ledger;
  accounts: () => Accounts;
  blobs: BlobStore;
  accessLog: AccessLog;
  bundles: FakeBundles;
  dataDir: string;
  reports: string[];
  webhooks: WebhookServices;
  request(method: string, path: string, options?: RequestOptions): Promise<Answer>;
  raw(path: string, init?: RequestInit): Promise<Response>;
  /** A run in the ledger, with so many records, and its writer. */
  addRun(runId: string, count?: number, more?: Partial<NewRun["run"]>, vars?: string): Promise<RunWriter>;
  emitDelta(delta: Delta): void;
  deltaListeners(): number;
  stop(): Promise<void>;
  close(): Promise<void>;
}

export interface HarnessOptions {
  auth?: Partial<AuthSettings>;
  users?: Partial<UserSettings>;
  limits?: Partial<LimitSettings>;
  workspace?: Partial<Settings["workspace"]>;
  providers?: ProviderRegistry;
  services?: Partial<WholeServices>;
  /** Whose rows every caller sees; without it those of their own runtime. */
  scope?: Scope;
}

export async function createHarness(options: HarnessOptions = {}): Promise<Harness> {
  const dataDir = await mkdtemp(join(tmpdir(), "http-test-"));
  const settings = testSettings(dataDir, options);
  const now = systemClock;
  const ledger = await openSqliteLedger({ path: settings.dbPath, now });
  const blobs = createDiskBlobs(join(dataDir, "artifacts"));
  const accessLog = createAccessLog(ledger, now);
  const bundles = new FakeBundles([installed("ask"), installed("ask", "0.9.0"), installed("ask", "draft.abc")]);
  const deltas = new Map<string, Set<(delta: Delta) => void>>();
  const shared: Omit<SharedServices, "of" | "accounts" | "people" | "runtimes"> = {
    settings,
    version: "9.9.9",
    hostName: "test-host",
    wholeLedger: ledger,
    catalog: createCatalog(settings),
    runner: fakeRunner(deltas),
    retention: createRetention({
      ledger,
      artifactsDir: join(dataDir, "artifacts"),
      workspacesDir: join(dataDir, "workspaces"),
      policy: { ...settings.retention, draftTtlS: settings.draftTtlS },
      now,
    }),
    telemetry: null,
    links: createLinks(settings),
    email: emailAccounts(settings),
    host: {
      startedMs: now(),
      gpu: () => Promise.resolve({ ts: "2026-11-24T00:00:00+00:00", supported: false, reason: "disabled" }),
    },
    now,
    newId: () => crypto.randomUUID(),
  };
  const reports: string[] = [];
  const report = (message: string) => void reports.push(message);
  const graph = await createGraphMemory({
    settings,
    ledger,
    providers: options.providers ?? noProviders,
    environment: {},
    report,
    hasRunner: () => settings.runner,
    isShared: false,
  });
  const whole: WholeServices = {
    ...shared,
    blobs,
    artifacts: createArtifacts({ ledger, blobs, folder: join(dataDir, "artifacts", "incoming"), now }),
    accessLog,
    uploads: createUploads({ folder: join(dataDir, "artifacts", "uploads"), now }),
    openWorkspace: workspaceOpener(settings),
    openFolder: () => null,
    fileIndex: createFileIndex({ ttlMs: 30_000, maxFiles: 1000, now }),
    blocStore: createBlocStore(join(dataDir, "blocs"), now),
    bundles,
    plan: async (_digest, workflowId) => plan(workflowId),
    providers: options.providers ?? noProviders,
    ...createModelConfig(settings),
    graph,
    webhooks: createWebhooks(settings, () => undefined),
    visualFlows: createVisualFlowStore({ folder: settings.visualFlowsDir, now, newId }),
    codeRunner: { run: async () => ({ error: "no sandbox here", durationMs: 0, usage: null }) },
    tools: createToolRegistry({ tools: builtinTools({ environment: {} }) }),
    startRun: createStartRun({
      ledger,
      now,
      newId: () => crypto.randomUUID(),
      workspacesDir: join(dataDir, "workspaces"),
      loadPlan: async (_digest, workflowId) => plan(workflowId),
    }),
    annotateRun: createAnnotateRun({ ledger, now, newId }),
    forkRun: createForkRun({
      ledger,
      now,
      newId: () => crypto.randomUUID(),
      workspacesDir: join(dataDir, "workspaces"),
      loadPlan: async (_digest, workflowId) => plan(workflowId),
    }),
    submitCommand: createSubmitCommand(ledger),
    ...options.services,
  };
  const { providers, defaults, connections } = whole;
  const modelsOf = () => ({ providers, defaults, connections });
  const people = createPeople(settings, () => undefined);
  const { scope } = options;
  const callers = createCallerServices(settings, whole, { modelsOf, report });
  const of = scope ? () => ownServices(whole, scope) : callers.of;
  const runtimes = createRuntimes(settings, ledger, callers.forget);
  const http = createHttp({ ...shared, ...options.services, ...people, of, runtimes }, { report });
  const { port } = await http.listen("127.0.0.1", 0);
  const url = `http://127.0.0.1:${port}`;
  const stop = () => http.stop({ graceMs: 500 });
  return {
    url,
    settings,
    ledger,
    accounts: people.accounts,
    blobs,
    accessLog,
    bundles,
    webhooks: whole.webhooks,
    dataDir,
    reports,
    stop,
    raw: (path, init) => fetch(url + path, { redirect: "manual", ...init }),
    request: (method, path, request) => send(url, method, path, request),
    addRun: (runId, count, more, vars) => addRun(ledger, runId, { count, more, vars }),
    emitDelta: (delta) => deltas.get(delta.run_id)?.forEach((listener) => listener(delta)),
    deltaListeners: () => [...deltas.values()].reduce((sum, each) => sum + each.size, 0),
    async close() {
      await stop();
      await graph.close();
      people.close();
      await accessLog.close();
      await ledger.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Of a gateway with one user; `enabled` makes it one with several. */
export function testUsers(dataDir: string): UserSettings {
  return {
    enabled: false,
    file: join(dataDir, "auth", "users.sqlite3"),
    adminUsesDefaultRuntime: true,
    mayExecute: false,
    session: {
      ttlS: 28_800,
      idleS: 7200,
      rememberTtlS: 2_592_000,
      rememberIdleS: 604_800,
      max: 10,
      cookie: "abstractgateway_session",
      csrfCookie: "abstractgateway_csrf",
      header: "x-abstractgateway-session",
      csrfHeader: "x-abstractgateway-csrf",
    },
    bootstrap: { enabled: false, token: null, tokenFile: join(dataDir, "auth", "token"), printsToken: false },
  };
}

function testSettings(dataDir: string, options: HarnessOptions): Settings {
  return {
    host: "127.0.0.1",
    port: 0,
    dataDir,
    flowsDir: join(dataDir, "flows"),
    visualFlowsDir: join(dataDir, "visualflows"),
    dbPath: join(dataDir, "gateway.sqlite3"),
    ledgerDir: join(dataDir, "ledger"),
    storeBackend: "sqlite",
    runner: true,
    auth: {
      enabled: true,
      tokens: [token, "second-token"],
      allowedOrigins: ["http://localhost:*", "http://127.0.0.1:*"],
      protectRead: true,
      protectWrite: true,
      devReadNoAuth: false,
      trustProxy: false,
      lockoutAfter: 0,
      lockoutBaseS: 1,
      lockoutMaxS: 60,
      audit: { enabled: true, maxBytes: 1_000_000, rotations: 2, headers: ["x-client-id"] },
      users: { ...testUsers(dataDir), ...options.users },
      ...options.auth,
    },
    limits: {
      maxBodyBytes: 256_000,
      maxUploadBodyBytes: 0,
      maxAttachmentBytes: 26_214_400,
      maxBundleBytes: 1000,
      maxChatThreadBytes: 750_000,
      maxConcurrency: 64,
      maxSse: 32,
      maxInlineBytes: 262_144,
      ...options.limits,
    },
    memory: {
      backend: "memory",
      dir: join(dataDir, "abstractmemory"),
      uri: null,
      bucket: null,
      globalId: "global_memory",
      semanticsPath: null,
    },
    runtime: {
      maxActiveRuns: 8,
      maxEffects: 8,
      sliceRecords: 64,
      sliceMs: 10,
      leaseMs: 3000,
      graceMs: 100,
      compatNodeErrors: false,
      crashAt: null,
    },
    models: {
      dirs: [],
      defaultProvider: null,
      defaultModel: null,
      embedding: null,
      media: {},
      endpoints: [],
      quietMs: 0,
      localThreads: null,
      local: { memoryBytes: null, maxContextTokens: 8192, idleMs: 900_000, gpu: "auto", llamaDir: null },
      prices: {},
      hub: { url: "https://huggingface.co", token: null },
      promptCache: null,
      cachesPrompts: null,
      timeouts: { discoveryMs: 1500, listMs: 10_000, probeMs: 700 },
      cacheDir: null,
      probesServers: false,
    },
    workspace: {
      dir: null,
      mounts: [],
      allowsClientScope: false,
      fileIndex: { ttlMs: 30_000, maxFiles: 1000 },
      ...options.workspace,
    },
    s3: null,
    mcpFile: null,
    secretKey: null,
    publicUrl: null,
    telegram: null,
    email: null,
    comms: { email: false, telegram: false },
    webhooks: { retryDelaysMs: [1000], disableAfterMs: 86_400_000 },
    retention: { runsDays: 0, statesDays: 7, artifactsDays: 0, intervalMs: 0 },
    telemetry: { metrics: false, gpu: "off", traces: null },
    toolMode: "approval",
    logLevel: "error",
    logFormat: "text",
    draftTtlS: 604_800,
    web: { allowedHosts: [], search: { provider: "duckduckgo", baseUrl: null, apiKey: null } },
    code: { isFullAccessAllowed: false },
  };
}

function plan(workflowId: string): Awaited<ReturnType<Services["plan"]>> {
  return {
    workflow_id: workflowId,
    flow_id: "main",
    entry: "start",
    nodes: new Map(),
    literals: new Map(),
    listeners: [],
    inputs: [],
    warnings: ["a node is not reachable"],
  };
}

const noProviders: ProviderRegistry = {
  list: () => [],
  discover: async () => [],
  get: () => null,
  defaultRoute: async () => null,
  embeddingRoute: async () => null,
  mediaRoute: () => null,
  close: async () => undefined,
};

function fakeRunner(deltas: Map<string, Set<(delta: Delta) => void>>): Runner {
  return {
    start: async () => undefined,
    stop: async () => undefined,
    status: () => ({ state: "running", epoch: 1, activeRuns: 0, queuedRuns: 0, effectsInFlight: 0 }),
    onDelta(runId, listener) {
      const listeners = deltas.get(runId) ?? new Set();
      deltas.set(runId, listeners.add(listener));
      return () => void listeners.delete(listener);
    },
  };
}

async function send(url: string, method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
  const { body, auth = true } = options;
  const isPlain = typeof body === "string" || body instanceof FormData || body instanceof Uint8Array;
  const headers: Record<string, string> = {
    ...(auth ? { authorization: `Bearer ${token}` } : {}),
    ...(body === undefined || isPlain ? {} : { "content-type": "application/json" }),
    ...options.headers,
  };
  const content = body === undefined ? null : isPlain ? (body as BodyInit) : JSON.stringify(body);
  const response = await fetch(url + path, { method, headers, body: content, redirect: "manual" });
  const text = await response.text();
  let parsed: unknown = null;
  try {
    parsed = JSON.parse(text);
  } catch {
    // Not every reply is JSON.
  }
  return { status: response.status, headers: response.headers, text, body: parsed };
}

async function addRun(
  ledger: Ledger,
  runId: string,
  {
    count = 0,
    more = {},
    vars = '{"prompt":"hi"}',
  }: { count?: number | undefined; more?: Partial<NewRun["run"]> | undefined; vars?: string | undefined },
): Promise<RunWriter> {
  const writer = new RunWriter(ledger, runId);
  await ledger.commit({ starts: [{ run: { ...writer.identity, ...writer.progress(), ...more }, vars }] });
  if (count > 0) await writer.write(count);
  return writer;
}

/** The single writer of one run. */
export class RunWriter {
  readonly runId: string;
  #ledger: Ledger;
  #head = 0;
  #hash: string | null = null;

  constructor(ledger: Ledger, runId: string) {
    this.#ledger = ledger;
    this.runId = runId;
  }

  get identity() {
    return {
      run_id: this.runId,
      workflow_id: "ask@1.0.0:main",
      bundle_digest: Bun.SHA256.hash("ask@1.0.0", "hex"),
      parent_run_id: null,
      root_run_id: this.runId,
      session_id: "s1",
      actor_id: "gateway",
      runtime_id: "default",
      schedule_id: null,
      lifecycle: null,
      forked_from: null,
      created_at: "2026-11-23T00:00:00.000000+00:00",
    };
  }

  progress(more: Partial<RunProgress> = {}): RunProgress {
    return {
      status: "running",
      node_id: "a",
      wait: null,
      pause: null,
      output: null,
      error: null,
      limits: null,
      flow_warnings: null,
      schedule: null,
      updated_at: "2026-11-23T00:00:01.000000+00:00",
      finished_at: null,
      ...more,
    };
  }

  /** Commits so many records, and where the run stands after them. */
  async write(count: number, progress: Partial<RunProgress> = {}, record: Partial<StepRecord> = {}): Promise<void> {
    const records: SealedRecord[] = [];
    for (let index = 1; index <= count; index++) {
      const seq = this.#head + index;
      const sealed = seal({ ...sampleRecord(this.runId, seq), ...record }, seq, this.#hash);
      this.#hash = sealed.hash;
      records.push(sealed);
    }
    const update = { run_id: this.runId, head_seq: this.#head, epoch: 1, progress: this.progress(progress), records };
    await this.#ledger.commit({ updates: [{ ...update, delta: null, snapshot: null, consumed: [], listens: [] }] });
    this.#head += count;
  }

  finish(count = 1): Promise<void> {
    return this.write(count, {
      status: "completed",
      output: { response: "Bob" },
      finished_at: "2026-11-23T00:00:02+00:00",
    });
  }
}

export function sampleRecord(runId: string, seq: number): StepRecord {
  return {
    run_id: runId,
    step_id: `step-${seq}`,
    node_id: "a",
    status: "completed",
    effect: { type: "answer_user", payload: { message: `m${seq}` }, result_key: null },
    result: { message: `m${seq}`, level: "message" },
    error: null,
    started_at: "2026-11-23T00:00:01.000000+00:00",
    ended_at: "2026-11-23T00:00:01.500000+00:00",
    actor_id: "gateway",
    session_id: "s1",
    attempt: 1,
    idempotency_key: null,
  };
}
