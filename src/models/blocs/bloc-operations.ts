import { AppError, messageOf } from "#core/errors.ts";
import type { JsonObject, Value } from "#core/value.ts";
import { type Bloc, blocKey } from "#models/blocs/bloc.ts";
import {
  type BlocState,
  bindingOf,
  deleteState,
  ensureState,
  orphansOf,
  stateRecord,
  statesOf,
  targetOf,
  targetsOf,
} from "#models/blocs/bloc-states.ts";
import type { Blocs, NewBloc } from "#models/blocs/bloc-store.ts";
import { prefixRecord } from "#models/cache-operations.ts";
import type { ProviderRegistry } from "#models/provider.ts";

/** What a client may ask of blocs (contract http-api 1.19). Names are those of the wire. */
export interface BlocRequest {
  sha256?: string | null;
  bloc_id?: number | null;
  provider?: string | null;
  model?: string | null;
  base_url?: string | null;
  artifact_path?: string | null;
  delete_kv?: boolean;
  clear_loaded?: boolean;
  force?: boolean;
  dry_run?: boolean;
  force_rebuild?: boolean;
  key?: string | null;
  stable_cache_key?: string | null;
  make_default?: boolean;
}

export interface BlocCall {
  blocs: Blocs;
  registry: ProviderRegistry;
  request: BlocRequest;
  signal: AbortSignal;
}

export const blocOperations = [
  "record",
  "list",
  "delete",
  "kv_manifest",
  "kv_list",
  "kv_ensure",
  "kv_load",
  "kv_delete",
  "kv_prune",
] as const;
export type BlocOperation = (typeof blocOperations)[number];

/** Carries out one operation. What goes wrong is part of the answer: `ok: false` with `code` and `error`. */
export function operateBlocs(operation: BlocOperation, call: BlocCall): Promise<JsonObject> {
  return answered(operation, call.signal, () => {
    if (call.request.base_url) {
      throw new AppError("invalid_request", "base_url cannot be given here: servers are configured on the gateway");
    }
    return works[operation](call);
  });
}

export function upsertBloc(blocs: Blocs, bloc: NewBloc, signal: AbortSignal): Promise<JsonObject> {
  return answered("upsert_text", signal, async () => {
    const made = await blocs.upsert(bloc);
    return { created: made.created, bloc: blocRecord(made.bloc), ...names(made.bloc) };
  });
}

const codes: Partial<Record<string, string>> = {
  not_found: "bloc_not_found",
  unsupported: "bloc_unsupported",
  unavailable: "bloc_unavailable",
  conflict: "bloc_loaded",
};

async function answered(operation: string, signal: AbortSignal, work: () => Promise<JsonObject>): Promise<JsonObject> {
  const envelope = { operation, source: "abstractgateway.models", route_available: true };
  try {
    return { ok: true, supported: true, ...envelope, ...(await work()) };
  } catch (error) {
    if (signal.aborted) throw error;
    const kind = error instanceof AppError ? error.code : "";
    const supported = kind !== "unsupported";
    return { ok: false, supported, ...envelope, code: codes[kind] ?? "bloc_error", error: messageOf(error) };
  }
}

const works: Record<BlocOperation, (call: BlocCall) => Promise<JsonObject>> = {
  async record(call) {
    const bloc = await blocOf(call);
    return { bloc: blocRecord(bloc), ...names(bloc), content: await call.blocs.content(bloc) };
  },
  async list(call) {
    const blocs = await chosen(call);
    return { items: blocs.map(blocRecord), blocs: blocs.map(blocRecord), count: blocs.length };
  },
  delete: deleteBloc,
  async kv_manifest(call) {
    const bloc = await blocOf(call);
    const [state] = await statesWanted(call, [bloc]);
    if (!state) throw new AppError("not_found", `The bloc '${bloc.path}' has no saved state${withModel(call)}`);
    return { manifest: stateRecord(state), ...names(bloc) };
  },
  async kv_list(call) {
    const items = (await statesWanted(call, await chosen(call))).map(stateRecord);
    return { items, artifacts: items, count: items.length };
  },
  async kv_ensure(call) {
    const { state, built } = await ensure(call);
    return { built, reused: !built, manifest: stateRecord(state), artifact_path: state.prefix.key };
  },
  kv_load: load,
  async kv_delete(call) {
    const bloc = await blocOf(call);
    const states = await statesWanted(call, [bloc]);
    return { ...names(bloc), ...(await removeStates(call, states)) };
  },
  async kv_prune(call) {
    const { blocs, registry, request, signal } = call;
    const isNarrow = typeof request.bloc_id === "number" || Boolean(request.sha256);
    if (isNarrow) return removeStates(call, await statesWanted(call, await chosen(call)));
    const orphans = await orphansOf(blocs, await targetsOf(registry, request, signal));
    if (request.dry_run !== true)
      for (const { target, prefix } of orphans) await target.cache.clear(target.model, prefix.key);
    return outcome(
      call,
      orphans.map(({ target, prefix }) => ({ model: target.model, ...prefixRecord(prefix) })),
    );
  },
};

async function deleteBloc(call: BlocCall): Promise<JsonObject> {
  const { blocs, request } = call;
  const bloc = await blocOf(call);
  const states =
    request.delete_kv === false ? [] : await statesWanted({ ...call, request: withoutModel(request) }, [bloc]);
  const removed = await removeStates(call, states);
  if (request.dry_run !== true) await blocs.delete(bloc);
  return { ...names(bloc), ...removed, deleted_bloc: request.dry_run !== true };
}

/** The state under a name of the caller's, and in memory what computes with it. */
async function load(call: BlocCall): Promise<JsonObject> {
  const { blocs, request, signal } = call;
  const { state, built } = await ensure(call);
  const { bloc, cache, provider, model } = state;
  const key = request.key?.trim() || request.stable_cache_key?.trim() || null;
  const options = { makeDefault: request.make_default === true, ttlMs: null };
  if (key !== null) {
    await cache.fork(model, state.prefix.key, key, options);
    const others = bloc.loaded.filter((each) => each.key !== key || each.model !== model);
    await blocs.setLoaded(bloc, [...others, { provider: provider.id, model, key }]);
  } else if (options.makeDefault) await cache.set(model, state.prefix.key, options);
  await provider.residency?.load(model, { pin: null, signal });
  const used = key ?? state.prefix.key;
  return {
    loaded: true,
    built,
    key: used,
    manifest: stateRecord(state),
    prompt_cache_binding: bindingOf(state, used),
  };
}

async function ensure(call: BlocCall) {
  const { blocs, registry, request, signal } = call;
  const bloc = await blocOf(call);
  const target = targetOf(registry, request);
  if (request.artifact_path && request.artifact_path !== blocKey(bloc)) {
    throw new AppError("invalid_request", "artifact_path is not that of the bloc's saved state; leave it out");
  }
  return ensureState({ blocs, bloc, target, isForced: request.force_rebuild === true }, signal);
}

/** States that were given out under names go only when the caller says so. */
async function removeStates(call: BlocCall, states: BlocState[]): Promise<JsonObject> {
  const { blocs, request } = call;
  const inUse = states.filter(({ bloc, model }) => bloc.loaded.some((each) => each.model === model));
  if (inUse.length > 0 && request.force !== true && request.clear_loaded !== true && request.dry_run !== true) {
    const keys = inUse.flatMap(({ bloc }) => bloc.loaded.map(({ key }) => `'${key}'`));
    throw new AppError(
      "conflict",
      `The state is loaded as ${[...new Set(keys)].join(", ")}: clear_loaded removes that too, force leaves it`,
    );
  }
  if (request.dry_run !== true) {
    for (const state of states) {
      const bloc = (await blocs.find({ sha256: state.bloc.sha256 })) ?? state.bloc;
      await blocs.setLoaded(bloc, await deleteState({ ...state, bloc }, request.clear_loaded === true));
    }
  }
  return outcome(call, states.map(stateRecord));
}

function outcome({ request }: BlocCall, items: JsonObject[]): JsonObject {
  const isDry = request.dry_run === true;
  return { dry_run: isDry, deleted: isDry ? 0 : items.length, candidates: items.length, items };
}

async function statesWanted({ registry, request, signal }: BlocCall, blocs: Bloc[]): Promise<BlocState[]> {
  const states = await statesOf(blocs, await targetsOf(registry, request, signal));
  return request.artifact_path ? states.filter(({ prefix }) => prefix.key === request.artifact_path) : states;
}

async function chosen({ blocs, request }: BlocCall): Promise<Bloc[]> {
  const isNamed = Boolean(request.sha256) || typeof request.bloc_id === "number";
  if (!isNamed) return blocs.list();
  const bloc = await blocs.find(request);
  return bloc ? [bloc] : [];
}

async function blocOf({ blocs, request }: BlocCall): Promise<Bloc> {
  const { sha256, bloc_id: id } = request;
  if (!sha256 && typeof id !== "number") throw new AppError("invalid_request", "sha256 or bloc_id is required");
  const bloc = await blocs.find(request);
  if (!bloc)
    throw new AppError("not_found", `There is no bloc ${sha256 ? `of sha256 ${sha256.slice(0, 64)}` : String(id)}`);
  return bloc;
}

function names({ bloc_id, sha256 }: Bloc): JsonObject {
  return { bloc_id, sha256 };
}

function blocRecord({ runtime_id: _, loaded, ...bloc }: Bloc): JsonObject {
  return { ...bloc, loaded: loaded as unknown as Value };
}

function withoutModel({ provider: _, model: __, ...request }: BlocRequest): BlocRequest {
  return request;
}

function withModel({ request }: BlocCall): string {
  return request.model ? ` with '${request.model}'` : "";
}
