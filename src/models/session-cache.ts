import { createHash } from "node:crypto";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import { cacheCapabilities, operateCache } from "#models/cache-operations.ts";
import type { ProviderRegistry } from "#models/provider.ts";

/** The cache of one session with one model (contract http-api 1.18). Names are those of the wire. */
export interface SessionCacheRequest {
  provider: string;
  model: string;
  bundle_id?: string | null | undefined;
  bundle_version?: string | null | undefined;
  flow_id?: string | null | undefined;
  template_id?: string | null | undefined;
  version: number;
  modules?: Value;
  system_prompt?: string | null | undefined;
  workflow_instructions?: string | null | undefined;
  tools?: Value;
  pinned_attachments?: Value;
  make_default?: boolean;
  ttl_s?: number | null | undefined;
}

export interface SessionScope {
  sessionId: string;
  /** Null: nobody in particular. */
  principal: { source: string; tenant_id: string; user_id: string; runtime_id: string } | null;
}

export type SessionCacheOperation = "status" | "prepare" | "clear" | "rebuild";

interface Session {
  registry: ProviderRegistry;
  request: SessionCacheRequest;
  base: JsonObject & { prompt_cache_key: string; namespace: string; mode: string };
  signal: AbortSignal;
}

/** Carries out one operation on a session's cache. What goes wrong is part of the answer. */
export async function operateSessionCache(
  registry: ProviderRegistry,
  operation: SessionCacheOperation,
  asked: { request: SessionCacheRequest; scope: SessionScope },
  signal: AbortSignal,
): Promise<JsonObject> {
  const { request, scope } = asked;
  const provider = registry.get(request.provider.trim().toLowerCase());
  const capabilities = cacheCapabilities(provider);
  const mode = provider && provider.caching !== "none" ? provider.caching : "unsupported";
  const { namespace, identity } = sessionNamespace(request, scope);
  const key = `${namespace}:session`;
  const hint = { key, namespace, mode, version: request.version };
  const base = {
    supported: mode !== "unsupported",
    operation,
    mode,
    session_id: scope.sessionId,
    namespace,
    prompt_cache_key: key,
    runtime_hint: { prompt_cache_key: key, _runtime: { prompt_cache: hint } },
    identity,
    capabilities,
  };
  if (mode === "unsupported") {
    const code = provider ? "prompt_cache_unsupported" : "prompt_cache_unavailable";
    const error = provider
      ? `${provider.label} has no prompt caches that can be named`
      : `Provider '${request.provider}' is not configured`;
    return { ...base, ok: false, code, error };
  }
  return operations[operation]({ registry, request, base, signal });
}

const operations: Record<SessionCacheOperation, (session: Session) => Promise<JsonObject>> = {
  async status(session) {
    if (session.base.mode === "keyed") return { ...session.base, ok: true };
    const { registry, request, signal } = session;
    const stats = await operateCache(registry, "stats", { provider: request.provider, model: request.model }, signal);
    const caches = Array.isArray(stats["caches"]) ? stats["caches"].filter(isObject) : [];
    const own = caches.find(({ key }) => key === session.base.prompt_cache_key) ?? null;
    return {
      ...session.base,
      ...failureOf(stats),
      ok: stats["ok"] ?? false,
      prepared: own !== null,
      stats: { cache: own },
    };
  },
  prepare,
  clear,
  async rebuild(session) {
    const cleared = await clear(session);
    const prepared = await prepare(session);
    const warnings =
      cleared["ok"] === true ? {} : { warnings: [cleared["error"] ?? "The old cache could not be cleared"] };
    return { ...prepared, operation: "rebuild", clear_result: cleared, prepare_result: prepared, ...warnings };
  },
};

async function prepare({ registry, request, base, signal }: Session): Promise<JsonObject> {
  if (base.mode === "keyed") {
    const hint = "The provider keeps its cache itself; send the key with each call";
    return { ...base, ok: true, prepared: false, code: "prompt_cache_key_hint_only", hint, provider_responses: {} };
  }
  const { provider, model, make_default, ttl_s } = request;
  const common = { provider, model, make_default: make_default ?? false, ttl_s };
  const modules = modulesOf(request);
  const responses: JsonObject = {};
  const failed = (code: string, answer: JsonObject) => ({
    ...base,
    ok: false,
    prepared: false,
    code,
    error: answer["error"] ?? "",
    provider_responses: responses,
  });
  if (modules.length === 0) {
    const answer = await operateCache(registry, "set", { ...common, key: base.prompt_cache_key }, signal);
    responses["set"] = short(answer);
    if (answer["ok"] !== true) return failed("prompt_cache_set_failed", answer);
    return { ...base, ok: true, prepared: true, provider_responses: responses };
  }
  const asked = { ...common, make_default: false, namespace: base.namespace, modules };
  const made = await operateCache(registry, "prepare_modules", asked, signal);
  responses["prepare_modules"] = short(made);
  const prefix = made["final_cache_key"];
  if (made["ok"] !== true || typeof prefix !== "string") return failed("prompt_cache_prepare_failed", made);
  const forks = { ...common, from_key: prefix, to_key: base.prompt_cache_key };
  const forked = await operateCache(registry, "fork", forks, signal);
  responses["fork"] = short(forked);
  if (forked["ok"] !== true) return failed("prompt_cache_fork_failed", forked);
  return { ...base, ok: true, prepared: true, prefix_cache_key: prefix, provider_responses: responses };
}

async function clear({ registry, request, base, signal }: Session): Promise<JsonObject> {
  if (base.mode === "keyed") {
    const error = "The provider keeps its cache itself; nothing can be cleared from here";
    return { ...base, operation: "clear", ok: false, cleared: false, code: "prompt_cache_clear_unsupported", error };
  }
  const { provider, model } = request;
  const answer = await operateCache(registry, "clear", { provider, model, key: base.prompt_cache_key }, signal);
  const ok = answer["ok"] === true;
  const failure = ok ? {} : { code: "prompt_cache_clear_failed", error: answer["error"] ?? "" };
  return { ...base, operation: "clear", ok, cleared: ok, ...failure, provider_responses: { clear: short(answer) } };
}

function failureOf(answer: JsonObject): JsonObject {
  return answer["ok"] === true ? {} : { code: answer["code"] ?? "prompt_cache_error", error: answer["error"] ?? "" };
}

const maxResponseBytes = 40_000;

/** An answer within the answer, unless it is too long for that. */
function short(answer: JsonObject): JsonObject {
  const bytes = Buffer.byteLength(JSON.stringify(answer));
  if (bytes <= maxResponseBytes) return answer;
  return { omitted: true, reason: "too large", size_bytes: bytes, max_bytes: maxResponseBytes };
}

/** Those that were given, else made of the texts: what is shared by sessions first. */
function modulesOf({
  modules,
  system_prompt,
  workflow_instructions,
  tools,
  pinned_attachments,
}: SessionCacheRequest): JsonObject[] {
  if (Array.isArray(modules)) return modules.filter(isObject);
  const made: JsonObject[] = [];
  if (system_prompt) made.push({ module_id: "system", system_prompt, scope: "shared" });
  if (workflow_instructions) made.push({ module_id: "workflow", prompt: workflow_instructions, scope: "shared" });
  if (Array.isArray(tools) && tools.length > 0) made.push({ module_id: "tools", tools, scope: "shared" });
  if (Array.isArray(pinned_attachments) && pinned_attachments.length > 0) {
    made.push({ module_id: "pinned_attachments", prompt: JSON.stringify({ pinned_attachments }), scope: "private" });
  }
  return made;
}

/** The same for the same session, workflow and model of the same person, and for nobody else. */
function sessionNamespace(request: SessionCacheRequest, { sessionId, principal }: SessionScope) {
  const { provider, model, version } = request;
  const identity = {
    session_id: sessionId,
    bundle_id: request.bundle_id ?? "",
    bundle_version: request.bundle_version ?? "",
    flow_id: request.flow_id ?? "",
    provider,
    model,
    template_id: request.template_id ?? "",
    version,
  };
  const scope = principal
    ? sortedJson({
        source: principal.source,
        tenant_id: principal.tenant_id,
        user_id: principal.user_id,
        runtime_id: principal.runtime_id,
      })
    : "anonymous";
  const digest = createHash("sha256")
    .update(sortedJson({ ...identity, _principal_scope: scope }))
    .digest("hex");
  const head = `agw.pc.v${version}.s-${label(sessionId, 36, "session")}`;
  const from = `p-${label(provider, 28, "provider")}.m-${label(model, 48, "model")}`;
  const long = [
    head,
    `b-${label(identity.bundle_id, 36, "bundle")}`,
    `v-${label(identity.bundle_version, 24, "latest")}`,
    `f-${label(identity.flow_id, 36, "flow")}`,
    `t-${label(identity.template_id, 36, "template")}`,
    from,
    `h-${digest.slice(0, 16)}`,
  ].join(".");
  const namespace = long.length > maxNamespaceChars ? `${head}.${from}.h-${digest.slice(0, 24)}` : long;
  return { namespace, identity };
}

const maxNamespaceChars = 240;

/** A readable part of a key. */
function label(text: string, maxChars: number, fallback: string): string {
  const plain = text.trim().replaceAll(/[^a-zA-Z0-9._-]+/g, "_");
  return (
    plain
      .replaceAll(/^[._-]+|[._-]+$/g, "")
      .toLowerCase()
      .slice(0, maxChars) || fallback
  );
}

function sortedJson(record: Record<string, string | number>): string {
  return JSON.stringify(Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1))));
}
