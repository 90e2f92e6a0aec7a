import { existsSync, statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import type { Layout } from "#app/migrate/detect.ts";
import type { MigrateOptions } from "#app/migrate/options.ts";
import type { PythonUser } from "#app/migrate/users.ts";
import { createPrograms } from "#app/programs.ts";
import { rowScope } from "#auth/row-scope.ts";
import { defaultArchiveLimits } from "#bundles/archive-limits.ts";
import { hasFileRuns, openFileStore } from "#ledger/python/file-store.ts";
import { openSqliteStore } from "#ledger/python/sqlite-store.ts";
import { allOf } from "#migrate/all-of.ts";
import { PythonBundles } from "#migrate/python/python-bundles.ts";
import { PythonSource } from "#migrate/python/python-source.ts";
import type { MigrationSource } from "#migrate/source.ts";
import type { Warnings } from "#migrate/warnings.ts";

/** A data folder of the gateway itself or of one of its users (contract http-api 4.1: `users/<tenant>/<runtime>/`). */
export interface PythonFolder {
  dataDir: string;
  flowsDir: string;
  runtimeId: string;
  principal: string;
  /** Null for the gateway's own folder. */
  user: string | null;
}

export async function pythonFolders(
  { dataDir, flowsDir, accounts }: MigrateOptions,
  users: PythonUser[],
): Promise<PythonFolder[]> {
  const principal = users.length > 0 ? "default/admin" : "local/local-admin";
  const folders: PythonFolder[] = [
    { dataDir, flowsDir: flowsOf(dataDir, flowsDir), runtimeId: "default", principal, user: null },
  ];
  const root = join(dataDir, "users");
  for (const tenant of await foldersIn(root)) {
    for (const runtime of await foldersIn(join(root, tenant))) {
      const own = join(root, tenant, runtime);
      if (!existsSync(join(own, "runtime"))) continue;
      const userId = users.find((each) => each.tenantId === tenant && each.runtimeId === runtime)?.userId ?? runtime;
      folders.push({
        dataDir: join(own, "runtime"),
        flowsDir: join(own, "flows"),
        runtimeId: rowScope(tenant, runtime, accounts.adminUsesDefaultRuntime),
        principal: `${tenant}/${userId}`,
        user: `${tenant}/${userId}`,
      });
    }
  }
  return folders;
}

/** Opens all folders as one source. */
export async function openPython(
  folders: PythonFolder[],
  layout: Layout,
  { targetDir, now, warnings }: { targetDir: string; now: () => number; warnings: Warnings },
): Promise<MigrationSource> {
  const sources: PythonSource[] = [];
  for (const folder of folders) {
    const { dataDir, flowsDir, runtimeId, principal, user } = folder;
    const dbPath = user === null ? layout.path : join(dataDir, "gateway.sqlite3");
    if (user !== null && !(dbPath && layout.kind === "sqlite" ? existsSync(dbPath) : await hasFileRuns(dataDir)))
      continue;
    const others = await catalogFolders(dataDir);
    const bundles = await PythonBundles.read({ installed: flowsDir, others }, defaultArchiveLimits, {
      warnings,
      installs: user === null,
    });
    sources.push(
      new PythonSource({
        store: layout.kind === "sqlite" && dbPath ? await openSqliteStore(dbPath) : openFileStore(dataDir),
        dataDir,
        bundles,
        loadPlan: createPrograms((digest) => bundles.open(digest)).load,
        runtimeId,
        principal,
        movePath: movePath(dataDir, targetDir),
        now,
        warnings,
      }),
    );
    if (user !== null && [...bundles.all()].length > 0)
      warnings.add("left", `users/${user}: the installed bundles; runs that were started from them keep them`);
  }
  return allOf(sources, warnings);
}

/** The folder of a run's workspace, wherever the gateway that made it had its data. */
function movePath(dataDir: string, targetDir: string): (path: string) => string {
  return (path) => {
    const name = /\/workspaces\/([^/]+)\/?$/.exec(path)?.[1];
    if (name === undefined || !existsSync(join(dataDir, "workspaces", name))) return path;
    return join(targetDir, "workspaces", name);
  };
}

/** The Python gateway has its bundles wherever its settings say: often in a folder beside the data. */
function flowsOf(dataDir: string, flowsDir: string): string {
  if (existsSync(flowsDir)) return flowsDir;
  const beside = resolve(dataDir, "..", "flows");
  return existsSync(beside) ? beside : flowsDir;
}

async function catalogFolders(dataDir: string): Promise<string[]> {
  const root = join(dataDir, "workflow_catalog", "bundles", "tenant_catalog");
  return (await foldersIn(root)).map((tenant) => join(root, tenant));
}

async function foldersIn(path: string): Promise<string[]> {
  if (!existsSync(path)) return [];
  const names = await readdir(path);
  return names
    .filter((name) => statSync(join(path, name)).isDirectory())
    .map((name) => basename(name))
    .sort();
}
