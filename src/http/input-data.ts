import { isAbsolute, relative } from "node:path";
import { flowInputs } from "#bundles/input-schema.ts";
import { AppError } from "#core/errors.ts";
import { parseObject } from "#core/json.ts";
import type { Run } from "#core/run.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import type { Services } from "#http/services.ts";
import { parseWorkflowId } from "#http/workflow-id.ts";

const workspaceKeys = ["workspace_root", "workspace_access_mode", "workspace_allowed_paths", "workspace_ignored_paths"];

/** What a run was started with, limited to its flow's start pins when the flow is still known (contract 1.3.5). */
export async function inputData(services: Services, run: Run): Promise<JsonObject> {
  const { vars, name, document } = await startOf(services, run);
  const pinIds = document ? flowInputs(document).map((pin) => pin.id) : [];
  const known = document !== null && pinIds.length > 0;
  const entries = Object.entries(vars).filter(([key]) => (known ? pinIds.includes(key) : !key.startsWith("_")));
  return {
    run_id: run.run_id,
    workflow_id: run.workflow_id,
    bundle_id: name?.bundleId ?? null,
    ...(name?.bundleVersion ? { bundle_version: name.bundleVersion } : {}),
    flow_id: name?.flowId ?? null,
    pin_ids: pinIds,
    input_data: Object.fromEntries(entries),
    workspace: workspaceFields(vars, services.settings.workspace.dir ?? services.settings.dataDir),
  };
}

/** Of a schedule: what each of its runs is started with. */
async function startOf(services: Services, run: Run) {
  const vars = await startVars(services, run.run_id);
  const target = run.schedule?.["target_workflow_id"];
  if (typeof target !== "string") {
    const name = parseWorkflowId(run.workflow_id);
    return { vars, name, document: name && (await flowDocument(services, run, name.flowId)) };
  }
  const name = parseWorkflowId(target);
  const installed = name && services.bundles.find(name.bundleId, name.bundleVersion ?? undefined);
  const document = installed?.bundle.documents[name?.flowId ?? ""] ?? null;
  return { vars: isObject(vars["vars"]) ? vars["vars"] : {}, name, document };
}

/** The vars that a run was started with; empty when they are gone. */
export async function startVars(services: Services, runId: string): Promise<JsonObject> {
  const text = await services.ledger.readInput(runId);
  return text === null ? {} : parseObject(text);
}

/** Without the engine's own. */
export function publicVars(vars: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(vars).filter(([key]) => !key.startsWith("_")));
}

async function flowDocument(services: Services, run: Run, flowId: string): Promise<Value | null> {
  if (run.bundle_digest === null) return null;
  try {
    return (await services.bundles.open(run.bundle_digest)).documents[flowId] ?? null;
  } catch (error) {
    if (error instanceof AppError) return null;
    throw error;
  }
}

/** Paths below the operator's root are shown relative to it: clients need not learn where the server keeps its files. */
function workspaceFields(vars: JsonObject, root: string): JsonObject {
  const shorten = (path: Value): Value => {
    if (typeof path !== "string" || !isAbsolute(path)) return path;
    const inside = relative(root, path);
    return inside === "" ? "." : inside.startsWith("..") || isAbsolute(inside) ? path : inside;
  };
  const fields: JsonObject = {};
  for (const key of workspaceKeys) {
    const value = vars[key];
    if (value !== undefined) fields[key] = Array.isArray(value) ? value.map(shorten) : shorten(value);
  }
  return fields;
}
