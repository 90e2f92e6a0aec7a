import { newHexId } from "#core/ids.ts";
import { type FollowOptions, follow } from "#sdk/follow.ts";
import { SdkError } from "#sdk/sdk-error.ts";
import { type Send, type TransportOptions, createTransport, readJson } from "#sdk/transport.ts";
import type {
  AnswerLink,
  AttachmentReceipt,
  BundleItem,
  CommandBody,
  CommandReceipt,
  CommandState,
  ForkBody,
  ForkReceipt,
  InstalledReceipt,
  LedgerEntry,
  LedgerPage,
  ListRuns,
  ModelItem,
  ResidencyAnswer,
  ResidentModel,
  RunSummary,
  ScheduleBody,
  ScheduleChanged,
  ScheduleChanges,
  ScheduleItem,
  StartBody,
  SweepBody,
  SweepReport,
} from "#sdk/wire.ts";
import type { JsonObject } from "#core/value.ts";
import { type ArtifactCalls, artifactCalls } from "#sdk/artifacts.ts";
import { type ConfigCalls, configCalls } from "#sdk/config.ts";
import { type DiscoveryCalls, discoveryCalls } from "#sdk/discovery.ts";
import { type GraphCalls, graphCalls } from "#sdk/graph.ts";
import { type HistoryCalls, historyCalls } from "#sdk/history.ts";
import { type MediaCalls, mediaCalls } from "#sdk/media.ts";
import { base, bundlePath, runPath } from "#sdk/paths.ts";
import { type PeopleCalls, peopleCalls } from "#sdk/people.ts";
import { type SystemCalls, systemCalls } from "#sdk/system.ts";
import { type FlowCalls, flowCalls } from "#sdk/flows.ts";
import { type SessionCalls, sessionCalls } from "#sdk/sessions.ts";
import { type TalkCalls, talkCalls } from "#sdk/talk.ts";
import { type WebhookCalls, webhookCalls } from "#sdk/webhooks.ts";

export interface ClientOptions extends TransportOptions {
  /** Recorded with each command: which client gave it. */
  clientId?: string;
  /** Makes idempotency keys. */
  newId?: () => string;
}

/** The HTTP API as functions. Every one throws SdkError with the server's own words. */
export interface GatewayClient {
  people: PeopleCalls;
  history: HistoryCalls;
  discovery: DiscoveryCalls;
  config: ConfigCalls;
  artifacts: ArtifactCalls;
  graph: GraphCalls;
  media: MediaCalls;
  webhooks: WebhookCalls;
  talk: TalkCalls;
  sessions: SessionCalls;
  flows: FlowCalls;
  system: SystemCalls;
  /** The gateway's address. */
  baseUrl: string;
  /** Answers whether a gateway is there; never throws. */
  isHealthy(timeoutMs?: number): Promise<boolean>;
  /** Throws when the gateway does not accept the token. */
  ping(): Promise<void>;
  /** A start with the key and the body of an earlier one answers that one's run. */
  start(body: StartBody, options?: { idempotencyKey?: string }): Promise<string>;
  /** Starts a new run from a run's state at a cursor. */
  fork(runId: string, body: ForkBody): Promise<ForkReceipt>;
  get(runId: string): Promise<RunSummary>;
  list(query?: ListRuns): Promise<RunSummary[]>;
  ledgerPage(runId: string, page?: { after?: number; limit?: number }): Promise<LedgerPage>;
  /** All records after a cursor that are there now, page by page. */
  ledger(runId: string, after?: number): AsyncGenerator<LedgerEntry>;
  follow(runId: string, options?: FollowOptions): AsyncGenerator<LedgerEntry>;
  /** Given twice with the same id it is applied once; a lost connection is tried once more with the same id. */
  command(body: CommandBody): Promise<CommandReceipt>;
  /** What became of a command; waits for it to be applied, up to `timeoutMs` (2,000), and then answers without an outcome. */
  outcome(commandId: string, options?: { timeoutMs?: number }): Promise<CommandState>;
  /** A page that answers one wait without sign-in; SdkError 409 when the wait is no longer open. */
  answerLink(runId: string, waitKey: string, options?: { ttlS?: number }): Promise<AnswerLink>;
  /** Speaks a text, as an artifact of the run. SdkError where nothing can speak. */
  speak(runId: string, text: string, format?: string): Promise<{ audio_artifact: JsonObject }>;
  /** What is said in a recording. SdkError where nothing can listen. */
  transcribe(runId: string, audio: JsonObject): Promise<{ text: string }>;
  artifact(runId: string, artifactId: string): Promise<Uint8Array<ArrayBuffer>>;
  bundles(query?: { all_versions?: boolean; include_drafts?: boolean }): Promise<BundleItem[]>;
  bundle(bundleId: string): Promise<JsonObject>;
  installBundle(archive: Blob, options?: { overwrite?: boolean; filename?: string }): Promise<InstalledReceipt>;
  removeBundle(bundleRef: string): Promise<JsonObject>;
  upload(sessionId: string, file: Blob, filename: string): Promise<AttachmentReceipt>;
  schedules(): Promise<ScheduleItem[]>;
  schedule(scheduleId: string): Promise<ScheduleItem>;
  /** Answers the id of the schedule. */
  createSchedule(body: ScheduleBody): Promise<string>;
  /** Waits a moment for what becomes of it; throws when it is refused. */
  changeSchedule(scheduleId: string, changes: ScheduleChanges): Promise<ScheduleChanged>;
  /** Ends a schedule and what it runs. Its records stay. */
  endSchedule(scheduleId: string): Promise<ScheduleChanged>;
  /** Removes what nobody needs any more, or only tells. Waits until that is done. */
  collectGarbage(options: SweepBody): Promise<SweepReport>;
  /** Models of one provider, such as `local`. */
  models(provider: string): Promise<ModelItem[]>;
  /** With what local models run on. */
  loadedModels(): Promise<{ models: ResidentModel[]; compute?: ResidencyAnswer["compute"] }>;
  /** Loads a local model and keeps it in memory if `pin`; answers what was loaded. */
  loadModel(model: string, options: { pin: boolean }): Promise<ResidentModel>;
  /** Null when it was not loaded. */
  unloadModel(model: string): Promise<ResidentModel | null>;
}

export function createClient(options: ClientOptions): GatewayClient {
  const send = createTransport(options);
  return {
    baseUrl: options.baseUrl.replace(/\/+$/, ""),
    people: peopleCalls(send),
    history: historyCalls(send),
    discovery: discoveryCalls(send),
    config: configCalls(send),
    artifacts: artifactCalls(send),
    graph: graphCalls(send),
    media: mediaCalls(send),
    webhooks: webhookCalls(send),
    talk: talkCalls(send),
    sessions: sessionCalls(send),
    flows: flowCalls(send),
    system: systemCalls(send),
    ...healthCalls(send),
    ...runCalls(send, options),
    ...bundleCalls(send),
    ...modelCalls(send),
    ...scheduleCalls(send, options),
    collectGarbage: async (json) => readJson(await send(`${base}/admin/gc`, { method: "POST", json, stream: true })),
    upload: async (sessionId, file, filename) => {
      const form = formOf({ session_id: sessionId, filename }, file, filename);
      // A large file takes as long as it takes.
      return readJson(await send(`${base}/attachments/upload`, { method: "POST", form, stream: true }));
    },
  };
}

function healthCalls(send: Send): Pick<GatewayClient, "isHealthy" | "ping"> {
  return {
    isHealthy: async (timeoutMs = 2000) => {
      try {
        const answer = await send("/api/health", { signal: AbortSignal.timeout(timeoutMs) });
        return (await readJson<{ service?: string }>(answer)).service === "abstractgateway";
      } catch {
        return false;
      }
    },
    ping: async () => {
      await (await send(`${base}/ping`)).body?.cancel();
    },
  };
}

type RunCalls =
  | "start"
  | "fork"
  | "get"
  | "list"
  | "ledgerPage"
  | "ledger"
  | "follow"
  | "command"
  | "outcome"
  | "answerLink"
  | "speak"
  | "transcribe"
  | "artifact";

function runCalls(send: Send, options: ClientOptions): Pick<GatewayClient, RunCalls> {
  const id = options.newId ?? newHexId;
  const ledgerPage: GatewayClient["ledgerPage"] = async (runId, page = {}) =>
    readJson(await send(`${runPath(runId)}/ledger`, { query: page }));
  return {
    start: async (json, { idempotencyKey = id() } = {}) => {
      const headers = { "idempotency-key": idempotencyKey };
      const answer = await send(`${base}/runs/start`, { method: "POST", json, headers, retries: 1 });
      return (await readJson<{ run_id: string }>(answer)).run_id;
    },
    fork: async (runId, json) => {
      const headers = { "idempotency-key": id() };
      return readJson(await send(`${runPath(runId)}/fork`, { method: "POST", json, headers, retries: 1 }));
    },
    get: async (runId) => readJson(await send(runPath(runId))),
    list: async (query = {}) => (await readJson<{ items: RunSummary[] }>(await send(`${base}/runs`, { query }))).items,
    ledgerPage,
    ledger: (runId, after = 0) => pages(ledgerPage, runId, after),
    follow: (runId, followOptions) => follow(send, runId, followOptions),
    command: async (body) => {
      const json = { client_id: options.clientId, payload: {}, command_id: id(), ...body };
      const answer = await send(`${base}/commands`, { method: "POST", json, retries: 1 });
      return { command_id: json.command_id, ...(await readJson<Omit<CommandReceipt, "command_id">>(answer)) };
    },
    outcome: (commandId, { timeoutMs = 2000 } = {}) => outcome(send, commandId, timeoutMs),
    answerLink: async (runId, waitKey, { ttlS } = {}) => {
      const path = `${runPath(runId)}/waits/${encodeURIComponent(waitKey)}/link`;
      return readJson(await send(path, { method: "POST", json: ttlS === undefined ? {} : { ttl_s: ttlS } }));
    },
    speak: async (runId, text, format = "wav") => {
      const json = { text, format };
      return readJson(await send(`${runPath(runId)}/voice/tts`, { method: "POST", json, stream: true }));
    },
    transcribe: async (runId, audio_artifact) => {
      const json = { audio_artifact };
      return readJson(await send(`${runPath(runId)}/audio/transcribe`, { method: "POST", json, stream: true }));
    },
    artifact: async (runId, artifactId) => {
      const path = `${runPath(runId)}/artifacts/${encodeURIComponent(artifactId)}/content`;
      return new Uint8Array(await (await send(path)).arrayBuffer());
    },
  };
}

async function* pages(ledgerPage: GatewayClient["ledgerPage"], runId: string, after: number) {
  for (let cursor = after; ;) {
    const page = await ledgerPage(runId, { after: cursor, limit: 500 });
    for (const record of page.items) yield { cursor: ++cursor, record };
    if (page.items.length === 0) return;
  }
}

/** A command is applied within milliseconds where a runner is awake, so asking again costs one or two small requests. */
async function outcome(send: Send, commandId: string, timeoutMs: number): Promise<CommandState> {
  const path = `${base}/commands/${encodeURIComponent(commandId)}`;
  const until = performance.now() + timeoutMs;
  for (let pauseMs = 5; ; pauseMs = Math.min(200, pauseMs * 2)) {
    const state = await readJson<CommandState>(await send(path));
    if (state.outcome !== null || performance.now() + pauseMs > until) return state;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

type ScheduleCalls = "schedules" | "schedule" | "createSchedule" | "changeSchedule" | "endSchedule";

function scheduleCalls(send: Send, options: ClientOptions): Pick<GatewayClient, ScheduleCalls> {
  const id = options.newId ?? newHexId;
  const path = (scheduleId: string) => `${base}/schedules/${encodeURIComponent(scheduleId)}`;
  return {
    schedules: async () => (await readJson<{ items: ScheduleItem[] }>(await send(`${base}/schedules`))).items,
    schedule: async (scheduleId) => readJson(await send(path(scheduleId))),
    createSchedule: async (json) => {
      const headers = { "idempotency-key": id() };
      const answer = await send(`${base}/runs/schedule`, { method: "POST", json, headers, retries: 1 });
      return (await readJson<{ run_id: string }>(answer)).run_id;
    },
    changeSchedule: async (scheduleId, json) => readJson(await send(path(scheduleId), { method: "PATCH", json })),
    endSchedule: async (scheduleId) => readJson(await send(path(scheduleId), { method: "DELETE" })),
  };
}

type ModelCalls = "models" | "loadedModels" | "loadModel" | "unloadModel";

function modelCalls(send: Send): Pick<GatewayClient, ModelCalls> {
  return {
    models: async (provider) => {
      const path = `${base}/discovery/providers/${encodeURIComponent(provider)}/models`;
      return (await readJson<{ items: ModelItem[] }>(await send(path))).items;
    },
    async loadedModels() {
      const { models = [], compute } = await residency(await send(`${base}/models/loaded`));
      return { models, ...(compute ? { compute } : {}) };
    },
    loadModel: async (model, { pin }) => {
      const reply = await residency(
        await send(`${base}/models/load`, { method: "POST", json: { model, pin }, stream: true }),
      );
      const [loaded] = reply.affected_models;
      if (!loaded) throw new SdkError(200, "The gateway does not say what it loaded.");
      return loaded;
    },
    unloadModel: async (model) => {
      const reply = await residency(await send(`${base}/models/unload`, { method: "POST", json: { model } }));
      return reply.affected_models[0] ?? null;
    },
  };
}

/** These routes answer 200 with the failure in the body. */
async function residency(answer: Response): Promise<ResidencyAnswer> {
  const reply = await readJson<ResidencyAnswer>(answer);
  if (!reply.ok) throw new SdkError(answer.status, reply.error);
  return reply;
}

type BundleCalls = "bundles" | "bundle" | "installBundle" | "removeBundle";

function bundleCalls(send: Send): Pick<GatewayClient, BundleCalls> {
  return {
    bundles: async (query = {}) =>
      (await readJson<{ items: BundleItem[] }>(await send(`${base}/bundles`, { query }))).items,
    bundle: async (bundleId) => readJson(await send(bundlePath(bundleId))),
    installBundle: async (archive, { overwrite = false, filename = "bundle.flow" } = {}) => {
      const form = formOf({ overwrite: String(overwrite), reload: "true" }, archive, filename);
      return readJson(await send(`${base}/bundles/upload`, { method: "POST", form }));
    },
    removeBundle: async (ref) => readJson(await send(bundlePath(ref), { method: "DELETE" })),
  };
}

function formOf(fields: Record<string, string>, file: Blob, filename: string): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  form.set("file", file, filename);
  return form;
}
