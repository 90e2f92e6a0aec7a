import type { Settings } from "#config/settings.ts";
import type { BlobStore } from "#artifacts/blob-store.ts";
import type { BundleRegistry } from "#bundles/registry.ts";
import type { Ledger } from "#ledger/ledger.ts";
import type { ScopedLedger } from "#ledger/scoped-ledger.ts";
import type { Principal } from "#auth/principal.ts";
import type { NewCommand } from "#core/command.ts";
import type { Blocs } from "#models/blocs/bloc-store.ts";
import type { ScopedGraph } from "#memory/graph/scoped-graph.ts";
import type { CapabilityDefaults } from "#models/config/capability-defaults.ts";
import type { Connections } from "#models/config/connections.ts";
import type { ProviderRegistry } from "#models/provider.ts";
import type { ToolRegistry } from "#tools/tool.ts";
import type { Plan } from "#engine/plan.ts";
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

/** What is the same for every caller. Put together by `app/create-app.ts`. */
export interface SharedServices {
  settings: Settings;
  version: string;
  /** The rows of all runtimes: for what serves no caller. Routes read through `Services.ledger`. */
  wholeLedger: Ledger;
  /** The gateway as one caller sees it. */
  of: (principal: Principal) => Services | Promise<Services>;
  /** Null in an API process without a runner. */
  runner: Runner | null;
  retention: Retention;
  /** Null when nobody wants to watch. */
  telemetry: Telemetry | null;
  host: Host;
  now: Clock;
  newId: () => string;
}

/** The gateway as one caller sees it. */
export interface Services extends Omit<SharedServices, "wholeLedger" | "of"> {
  ledger: ScopedLedger;
  blobs: BlobStore;
  /** Durable texts of the caller's runtime. */
  blocs: Blocs;
  bundles: BundleRegistry;
  /** Compiled plan of a flow of an installed bundle, from a cache. */
  plan: (digest: string, workflowId: string) => Promise<Plan>;
  providers: ProviderRegistry;
  /** Providers and models that are used where nobody names any. */
  defaults: CapabilityDefaults;
  /** Providers that somebody entered. */
  connections: Connections;
  tools: ToolRegistry;
  webhooks: WebhookServices;
  graph: ScopedGraph;
  startRun: (request: Omit<StartRequest, "runtimeId">) => ReturnType<StartRun>;
  forkRun: ForkRun;
  submitCommand: (command: Omit<NewCommand, "runtime_id">) => ReturnType<SubmitCommand>;
}
