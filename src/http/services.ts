import type { Settings } from "#config/settings.ts";
import type { BlobStore } from "#artifacts/blob-store.ts";
import type { BundleRegistry } from "#bundles/registry.ts";
import type { Ledger } from "#ledger/ledger.ts";
import type { CapabilityDefaults } from "#models/config/capability-defaults.ts";
import type { Connections } from "#models/config/connections.ts";
import type { ProviderRegistry } from "#models/provider.ts";
import type { ToolRegistry } from "#tools/tool.ts";
import type { Plan } from "#engine/plan.ts";
import type { Runner, StartRun, SubmitCommand } from "#runner/runner.ts";
import type { Host, Telemetry } from "#http/telemetry.ts";
import type { Clock } from "#core/time.ts";

/** What the routes need. Put together by `app/create-app.ts`. */
export interface Services {
  settings: Settings;
  version: string;
  ledger: Ledger;
  blobs: BlobStore;
  bundles: BundleRegistry;
  /** Compiled plan of a flow of an installed bundle, from a cache. */
  plan: (digest: string, workflowId: string) => Promise<Plan>;
  providers: ProviderRegistry;
  /** Providers and models that are used where nobody names any. */
  defaults: CapabilityDefaults;
  /** Providers that somebody entered. */
  connections: Connections;
  tools: ToolRegistry;
  startRun: StartRun;
  submitCommand: SubmitCommand;
  /** Null in an API process without a runner. */
  runner: Runner | null;
  /** Null when nobody wants to watch. */
  telemetry: Telemetry | null;
  host: Host;
  now: Clock;
  newId: () => string;
}
