import type { Settings } from "#config/settings.ts";
import type { AccessLog } from "#artifacts/access-log.ts";
import type { Artifacts } from "#artifacts/artifacts.ts";
import type { Uploads } from "#artifacts/uploads.ts";
import type { BlobStore } from "#artifacts/blob-store.ts";
import type { WorkflowCatalog } from "#bundles/workflow-catalog.ts";
import type { BundleRegistry } from "#bundles/registry.ts";
import type { Ledger } from "#ledger/ledger.ts";
import type { ScopedLedger } from "#ledger/scoped-ledger.ts";
import type { Accounts } from "#auth/accounts.ts";
import type { AnswerTokens } from "#auth/answer-tokens.ts";
import type { Principal } from "#auth/principal.ts";
import type { EmailAccess } from "#core/email.ts";
import type { NewCommand } from "#core/command.ts";
import type { Blocs } from "#models/blocs/bloc-store.ts";
import type { ScopedGraph } from "#memory/graph/scoped-graph.ts";
import type { DefaultsBook } from "#models/config/capability-defaults.ts";
import type { ConnectionBook } from "#models/config/connections.ts";
import type { ProviderRegistry } from "#models/provider.ts";
import type { OpenWorkspace } from "#tools/create-workspace.ts";
import type { FileIndex } from "#tools/file-index.ts";
import type { ToolRegistry } from "#tools/tool.ts";
import type { VisualFlowStore } from "#bundles/visual-flows/visual-flow-store.ts";
import type { CodeRunner } from "#sandbox/code-runner.ts";
import type { Plan } from "#engine/plan.ts";
import type { AnnotateRun } from "#runner/annotate.ts";
import type { ForkRun, Runner, StartRequest, StartRun, SubmitCommand } from "#runner/runner.ts";
import type { Retention } from "#retention/retention.ts";
import type { Host, Telemetry } from "#http/telemetry.ts";
import type { Clock } from "#core/time.ts";
import type { WebhookHealth } from "#webhooks/webhook-health.ts";
import type { WebhookStore } from "#webhooks/webhook-store.ts";

/** Telling other servers what becomes of runs. */
export interface WebhookServices {
  store: WebhookStore;
  health: WebhookHealth;
  /** AppErrors of the guard when the address may not be asked. */
  checkUrl(url: string, signal: AbortSignal): Promise<void>;
}

/** Links that answer one wait, from any browser. */
export interface LinkServices {
  tokens: AnswerTokens;
  /** Where browsers of people reach the gateway; null: where the request that asks for a link came to. */
  publicUrl: string | null;
}

/** What is the same for every caller. Put together by `app/create-app.ts`. */
export interface SharedServices {
  settings: Settings;
  version: string;
  /** Of this machine. */
  hostName: string;
  /** The rows of all runtimes: for what serves no caller. Routes read through `Services.ledger`. */
  wholeLedger: Ledger;
  /** The gateway as one caller sees it. */
  of: (principal: Principal) => Services | Promise<Services>;
  /** The register of users; opened when an administrator first asks, where there is one user. */
  accounts: () => Accounts;
  /** The same, where there are several users; null with one. */
  people: Accounts | null;
  runtimes: Runtimes;
  /** Bundles that a tenant's users share. */
  catalog: WorkflowCatalog;
  /** Null in an API process without a runner. */
  runner: Runner | null;
  retention: Retention;
  /** Null when nobody wants to watch. */
  telemetry: Telemetry | null;
  host: Host;
  links: LinkServices;
  /** Mail accounts, the default one first; their library is loaded when they are first asked for. */
  email: () => Promise<readonly EmailAccess[]>;
  now: Clock;
  newId: () => string;
}

/** What is kept of a runtime, by the name of its rows. */
export interface Runtimes {
  /** Its folder, below the data folder. */
  folder(rowScope: string): string;
  hasFiles(rowScope: string): boolean;
  /** AppError `conflict` for the runtime that the gateway itself lives in. */
  assertPurgeable(rowScope: string): void;
  /** Removes its runs with everything that hangs on them, and its folder. */
  purge(rowScope: string): Promise<void>;
}

/** The gateway as one caller sees it. */
export interface Services extends Omit<SharedServices, "wholeLedger" | "of" | "accounts" | "people" | "runtimes"> {
  ledger: ScopedLedger;
  blobs: BlobStore;
  /** Durable texts of the caller's runtime. */
  blocs: Blocs;
  artifacts: Artifacts;
  accessLog: AccessLog;
  uploads: Uploads;
  openWorkspace: OpenWorkspace;
  fileIndex: FileIndex;
  /** Shows a folder on the desktop of this machine. Answers what opened it, or null when there is none. */
  openFolder: (folder: string) => string | null;
  bundles: BundleRegistry;
  /** Compiled plan of a flow of an installed bundle, from a cache. */
  plan: (digest: string, workflowId: string) => Promise<Plan>;
  providers: ProviderRegistry;
  /** Providers and models that are used where nobody names any. */
  defaults: DefaultsBook;
  /** Providers that somebody entered. */
  connections: ConnectionBook;
  tools: ToolRegistry;
  /** Flows that an editor works on. */
  visualFlows: VisualFlowStore;
  codeRunner: Pick<CodeRunner, "run">;
  webhooks: WebhookServices;
  graph: ScopedGraph;
  startRun: (request: Omit<StartRequest, "runtimeId">) => ReturnType<StartRun>;
  forkRun: ForkRun;
  /** Writes into the ledger of a run what somebody says about it. */
  annotateRun: AnnotateRun;
  submitCommand: (command: Omit<NewCommand, "runtime_id">) => ReturnType<SubmitCommand>;
}
