import { existsSync } from "node:fs";
import { cp, readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { writeDurably } from "#bundles/durable-file.ts";
import { messageOf } from "#core/errors.ts";
import { parseJson } from "#core/json.ts";
import { isObject } from "#core/value.ts";
import type { Warnings } from "#migrate/warnings.ts";

/** What a data folder of the Python gateway may have beside runs, and what becomes of it. */
const leftBehind: Record<string, string> = {
  "config/abstractcore.json": "default models: set them with `config set-default`",
  "config/provider_endpoint_profiles.json":
    "provider connections: make them again, their keys are stored encrypted here",
  visualflows: "flows of the editor: publish them there as bundles first",
  "workflow_catalog.json": "the shared catalog of workflows",
  abstractmemory: "the knowledge graph",
  prompt_cache_exports: "prompt caches",
  "auth/sessions.json": "sessions of browsers: people sign in again",
  email_bridge: "the state of the mail bridge",
  "telegram_bridge_state.json": "the state of the Telegram bridge",
  bug_reports: "bug reports",
  feature_requests: "feature requests",
  triage_queue: "the triage queue",
  backlog_exec_queue: "the backlog queue",
};

/** Says what stays behind. */
export function nameLeftBehind(dataDir: string, warnings: Warnings): void {
  for (const [path, what] of Object.entries(leftBehind)) {
    if (existsSync(join(dataDir, path))) warnings.add("left", `${path}: ${what}`);
  }
}

/** How many flows and bundles are deprecated, by the file that both gateways have. */
export async function countDeprecations(dataDir: string, warnings: Warnings): Promise<number> {
  const path = join(dataDir, deprecations);
  if (!existsSync(path)) return 0;
  try {
    const value = parseJson(await readFile(path, "utf8"));
    const bundles = isObject(value) && isObject(value["bundles"]) ? Object.values(value["bundles"]) : [];
    return bundles.reduce<number>((sum, flows) => sum + (isObject(flows) ? Object.keys(flows).length : 0), 0);
  } catch (error) {
    warnings.add("bundle", `${deprecations} cannot be read: ${messageOf(error)}`);
    return 0;
  }
}

const deprecations = "workflow_deprecations.json";

/** Copies deprecations, folders that runs worked in and the old audit log into another data folder. What is there stays. */
export async function copyFiles(from: string, to: string): Promise<void> {
  if (existsSync(join(from, deprecations)) && !existsSync(join(to, deprecations)))
    await writeDurably(join(to, deprecations), await readFile(join(from, deprecations)));
  const workspaces = join(from, "workspaces");
  for (const name of existsSync(workspaces) ? await readdir(workspaces) : []) {
    const options = { recursive: true, force: false, errorOnExist: false, verbatimSymlinks: true };
    await cp(join(workspaces, name), join(to, "workspaces", name), options);
  }
  const log = join(from, "audit_log.jsonl");
  const kept = join(to, "audit_log_before_migration.jsonl");
  if (existsSync(log) && !existsSync(kept)) await cp(log, kept);
}
