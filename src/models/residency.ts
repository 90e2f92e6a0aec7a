import { AppError, messageOf } from "#core/errors.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import type { LoadedModel, ProviderRegistry } from "#models/provider.ts";

/** What can be kept in memory here; other tasks of the contract have no local engine. */
export const residencyTasks = ["text_generation", "embedding"] as const;

export interface ResidencyRequest {
  operation: "list_loaded" | "load" | "unload";
  task: string | null;
  /** Null: `local`. */
  provider: string | null;
  /** Name, hub name or path; null with `list_loaded`. */
  model: string | null;
  /** `local:<task>:<provider>:<model>`, instead of the model. */
  runtimeId: string | null;
  /** Null leaves a pin as it is. */
  pin: boolean | null;
}

/**
 * Loads, unloads or lists models, with the record that routes and runs both answer (contract http-api 1.20). What goes wrong is part of
 * the record: `ok: false` with `code` and `error`.
 */
export async function changeResidency(
  registry: ProviderRegistry,
  request: ResidencyRequest,
  signal: AbortSignal,
): Promise<JsonObject> {
  const envelope = { operation: request.operation, source: "abstractgateway.models", route_available: true };
  const provider = registry.get((request.provider ?? "local").toLowerCase());
  const { residency } = provider ?? {};
  if (!provider || !residency || (request.task !== null && !isTask(request.task))) {
    const code = provider ? "model_residency_unsupported" : "model_residency_unavailable";
    const error = provider
      ? unsupported(provider.label, request.task)
      : `Provider '${request.provider}' is not configured`;
    return { ok: false, success: false, supported: false, ...envelope, affected_models: [], code, error };
  }
  try {
    const known = { ok: true, success: true, supported: true, ...envelope };
    const record = (model: LoadedModel & { model: string }) => recordOf(model, provider.id);
    if (request.operation === "list_loaded") {
      const models = (await residency.loaded(signal)).map(record).filter((each) => matches(each, request));
      const compute = provider.compute?.();
      return { ...known, models, affected_models: [], ...(compute ? { compute: { ...compute } } : {}) };
    }
    const model = modelOf(request);
    if (request.operation === "load") {
      const loaded = record(await residency.load(model, { pin: request.pin, signal }));
      return { ...known, runtime: loaded, affected_models: [loaded] };
    }
    const gone = await residency.unload(model, signal);
    const affected = gone ? [{ ...record(gone), resident: false, loaded: false, state: "unloaded" }] : [];
    const warnings = gone ? [] : [`The model '${model}' was not loaded`];
    return { ...known, affected_models: affected, ...(gone ? { runtime: affected[0] ?? null } : {}), warnings };
  } catch (error) {
    if (signal.aborted) throw error;
    const code = error instanceof AppError && error.code === "not_found" ? "model_not_found" : "model_residency_error";
    return {
      ok: false,
      success: false,
      supported: true,
      ...envelope,
      affected_models: [],
      code,
      error: messageOf(error),
    };
  }
}

function isTask(task: string): boolean {
  return residencyTasks.some((each) => each === task);
}

function unsupported(label: string, task: string | null): string {
  if (task !== null && !isTask(task)) {
    return `Models for '${task}' are not kept in memory here (those for ${residencyTasks.join(" and ")} are)`;
  }
  return `${label} keeps its models itself; only those of 'local' are loaded and unloaded here`;
}

function modelOf({ model, runtimeId }: ResidencyRequest): string {
  const named = model ?? runtimeId?.split(":").slice(3).join(":") ?? "";
  if (named === "") throw new AppError("invalid_request", "Name a model to load or unload");
  return named;
}

function matches(record: JsonObject, { task, model }: ResidencyRequest): boolean {
  return (task === null || record["task"] === task) && (model === null || record["model"] === model);
}

function recordOf(model: LoadedModel & { model: string }, provider: string): JsonObject {
  const runtimeId = `local:${model.task}:${provider}:${model.model}`;
  return {
    task: model.task,
    provider,
    model: model.model,
    runtime_id: runtimeId,
    resident: true,
    loaded: true,
    state: "loaded",
    runtime_cached: true,
    cache_state: "loaded",
    pinned: model.pinned,
    default: false,
    source: "llama.cpp",
    isolation: "process",
    provider_residency_verified: true,
    backend: model.backend,
    gpu_layers: model.gpuLayers,
    ...(model.note === null ? {} : { note: model.note }),
    context_tokens: model.contextTokens,
    sequences: model.sequences,
    memory_bytes: model.bytes,
    calls: model.uses,
    loaded_at: new Date(model.loadedAtMs).toISOString(),
    last_used_at: new Date(model.lastUsedAtMs).toISOString(),
  };
}

/** Reads the request out of a body or an effect's payload, where a key may be absent or null. */
export function readResidencyRequest(
  operation: ResidencyRequest["operation"],
  from: Readonly<Record<string, Value | undefined>>,
): ResidencyRequest {
  const options = isObject(from["options"]) ? from["options"] : {};
  const pin = from["pin"] ?? options["pin"];
  return {
    operation,
    task: text(from["task"]),
    provider: text(from["provider"]),
    model: text(from["model"]),
    runtimeId: text(from["runtime_id"]),
    pin: typeof pin === "boolean" ? pin : null,
  };
}

function text(value: Value | undefined): string | null {
  return typeof value === "string" && value.trim() !== "" ? value.trim() : null;
}
