import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { createModelConfig } from "#app/model-config.ts";
import { purgeRows } from "#app/purge-rows.ts";
import type { Principal } from "#auth/principal.ts";
import { builtinBundles } from "#bundles/builtin.ts";
import { openFolderRegistry } from "#bundles/folder-registry.ts";
import type { BundleRegistry } from "#bundles/registry.ts";
import { type VisualFlowStore, createVisualFlowStore } from "#bundles/visual-flows/visual-flow-store.ts";
import type { Settings } from "#config/settings.ts";
import { AppError } from "#core/errors.ts";
import { newId } from "#core/ids.ts";
import { defaultRuntime, everything } from "#core/scope.ts";
import { systemClock } from "#core/time.ts";
import { type WholeServices, ownServices } from "#http/own-services.ts";
import type { Runtimes, Services } from "#http/services.ts";
import type { Ledger } from "#ledger/ledger.ts";
import { layeredConnections, layeredDefaults } from "#models/config/layered.ts";
import type { ConnectionBook } from "#models/config/connections.ts";
import type { DefaultsBook } from "#models/config/capability-defaults.ts";
import type { ProviderRegistry } from "#models/provider.ts";
import type { SharedProviders } from "#models/registry.ts";

/** Folder of a runtime, below the data folder. The first administrator's is the data folder itself. */
export function runtimeFolder(rowScope: string): string {
  return rowScope === defaultRuntime ? "." : `users/${rowScope}`;
}

/** What a user has of the models. */
export interface OwnModels {
  providers: ProviderRegistry;
  defaults: DefaultsBook;
  connections: ConnectionBook;
}

/** The models as the owner of a runtime has them, made when they are first asked for. With one user there is one set. */
export function createOwnModels(
  settings: Settings,
  { providers, ...base }: { providers: SharedProviders } & ReturnType<typeof createModelConfig>,
): (rowScope: string | null) => OwnModels {
  const whole = { providers, ...base };
  if (!settings.auth.users.enabled) return () => whole;
  const known = new Map<string, OwnModels>();
  return (rowScope) => {
    if (rowScope === null) return whole;
    const models = known.get(rowScope) ?? ownModels(settings, rowScope, whole);
    known.set(rowScope, models);
    return models;
  };
}

function ownModels(
  settings: Settings,
  rowScope: string,
  whole: { providers: SharedProviders } & ReturnType<typeof createModelConfig>,
): OwnModels {
  const isBase = rowScope === defaultRuntime;
  const own = createModelConfig(settings, join(settings.dataDir, runtimeFolder(rowScope), "config"));
  const books = isBase
    ? { defaults: whole.defaults, connections: whole.connections }
    : {
        defaults: layeredDefaults(own.defaults, whole.defaults),
        connections: layeredConnections(own.connections, whole.connections),
      };
  return { ...books, providers: whole.providers.of({ ...books, cacheOwner: rowScope }) };
}

export interface CallerServices {
  /** The gateway as a caller sees it. */
  of: (principal: Principal) => Services | Promise<Services>;
  /** The runtime was purged: who gets its name begins with nothing. */
  forget: (rowScope: string) => void;
}

/** The gateway as each caller sees it. */
export function createCallerServices(
  settings: Settings,
  whole: Omit<WholeServices, keyof OwnModels | "visualFlows">,
  { modelsOf, report }: { modelsOf: (rowScope: string | null) => OwnModels; report: (message: string) => void },
): CallerServices {
  const make = (rowScope: string | null, bundles: BundleRegistry) =>
    ownServices(
      { ...whole, ...modelsOf(rowScope), bundles, visualFlows: visualFlowsOf(settings, rowScope) },
      rowScope === null ? everything : { runtimeId: rowScope },
    );
  if (!settings.auth.users.enabled) {
    const alone = make(null, whole.bundles);
    return { of: () => alone, forget: () => undefined };
  }
  const known = new Map<string, Services | Promise<Services>>([[defaultRuntime, make(defaultRuntime, whole.bundles)]]);
  return {
    of({ scope: { runtimeId } }) {
      if (runtimeId === null) throw new Error("a caller among many has a runtime");
      return known.get(runtimeId) ?? open(runtimeId);
    },
    forget: (rowScope) => void known.delete(rowScope),
  };

  function open(runtimeId: string): Promise<Services> {
    const opening = openBundles(settings, runtimeId, report).then((bundles) => make(runtimeId, bundles));
    known.set(runtimeId, opening);
    opening.then(
      (services) => known.set(runtimeId, services),
      () => known.delete(runtimeId),
    );
    return opening;
  }
}

/** A user's bundles lie in their own folder; what was ever started lies with that of everybody, by its digest, where the runner finds it. */
function openBundles(settings: Settings, rowScope: string, report: (message: string) => void): Promise<BundleRegistry> {
  const folder = join(settings.dataDir, runtimeFolder(rowScope));
  return openFolderRegistry({
    flowsDir: join(folder, "flows"),
    dataDir: settings.dataDir,
    deprecationsFile: join(folder, "workflow_deprecations.json"),
    builtin: builtinBundles(),
    now: systemClock,
    report,
    limits: { maxArchiveBytes: settings.limits.maxBundleBytes },
  });
}

/** The folder that the settings name is one person's: with several, that of the first administrator. */
function visualFlowsOf(settings: Settings, rowScope: string | null): VisualFlowStore {
  const isBase = rowScope === null || rowScope === defaultRuntime;
  const folder = isBase ? settings.visualFlowsDir : join(settings.dataDir, runtimeFolder(rowScope), "visualflows");
  return createVisualFlowStore({ folder, now: systemClock, newId });
}

export function createRuntimes({ dataDir }: Settings, ledger: Ledger, forget: CallerServices["forget"]): Runtimes {
  const pathOf = (rowScope: string) => join(dataDir, runtimeFolder(rowScope));
  return {
    folder: runtimeFolder,
    hasFiles: (rowScope) => existsSync(pathOf(rowScope)),
    assertPurgeable(rowScope) {
      if (rowScope !== defaultRuntime) return;
      throw new AppError("conflict", "The gateway's own runtime cannot be purged: transfer it to a user");
    },
    async purge(rowScope) {
      this.assertPurgeable(rowScope);
      await purgeRows(ledger, rowScope, join(dataDir, "workspaces"));
      await rm(pathOf(rowScope), { recursive: true, force: true });
      forget(rowScope);
    },
  };
}
