import { type JsonObject, type Value, isObject } from "#core/value.ts";

/** Namespaces that belong to the engine: a client's input cannot set them. */
export const reservedVars: readonly string[] = [
  "_temp",
  "_last_output",
  "_flow_error",
  "_flow_error_node",
  "_flow_warnings",
  "_meta",
  "_run_lifecycle",
  "_schedule",
];

const limits: JsonObject = {
  max_iterations: 50,
  current_iteration: 0,
  max_tokens: 32768,
  max_output_tokens: null,
  max_input_tokens: null,
  estimated_tokens_used: 0,
  max_history_messages: -1,
  warn_iterations_pct: 80,
  warn_tokens_pct: 80,
};

export interface FirstVarsOptions {
  thinking: boolean | string | null;
  lifecycle: JsonObject | null;
  workspaceRoot: string | null;
  /** What the run of a schedule carries out. */
  schedule?: JsonObject | null;
  /** The trace that the run belongs to. */
  traceparent?: string | null;
  /** Whether the run wants a prompt cache when its input does not say; null: nobody says. */
  cachesPrompts?: boolean | null;
}

/** The vars of a new root run: the client's input plus the namespaces of contract flow-runtime 3.1. */
export function firstVars(input: JsonObject, options: FirstVarsOptions): JsonObject {
  // Built from entries, so that a key like `__proto__` is a key and nothing else.
  const vars: JsonObject = Object.fromEntries(Object.entries(input).filter(([key]) => !reservedVars.includes(key)));
  const runtime = isObject(input["_runtime"]) ? { ...input["_runtime"] } : {};
  delete runtime["workflow_policy"];
  delete runtime["control"];
  delete runtime["pending_media"];
  liftAttachments(vars);
  if (options.thinking !== null) runtime["thinking"] = options.thinking;
  const { cachesPrompts = null } = options;
  if (cachesPrompts !== null && !isObject(runtime["prompt_cache"])) {
    runtime["prompt_cache"] = { enabled: cachesPrompts, version: 1 };
  }
  if (options.traceparent) runtime["traceparent"] = options.traceparent;
  vars["_limits"] = isObject(input["_limits"]) ? { ...limits, ...input["_limits"] } : { ...limits };
  vars["_runtime"] = runtime;
  if (options.schedule) vars["_meta"] = { schedule: options.schedule };
  if (options.lifecycle) vars["_run_lifecycle"] = options.lifecycle;
  if (options.workspaceRoot && typeof vars["workspace_root"] !== "string")
    vars["workspace_root"] = options.workspaceRoot;
  return vars;
}

/** Wherever a client put its attachments, they are in `context.attachments`, once each (contract flow-runtime 4.3). */
function liftAttachments(vars: JsonObject): void {
  const context = isObject(vars["context"]) ? vars["context"] : {};
  const messages = listOf(context["messages"]).filter(isObject);
  const given = [
    context["attachments"],
    context["media"],
    vars["attachments"],
    vars["media"],
    ...messages.flatMap((message) => [message["attachments"], message["media"]]),
  ].flatMap(listOf);
  const attachments = new Map(given.map((item) => [attachmentKey(item), item]));
  if (attachments.size > 0) vars["context"] = { ...context, attachments: [...attachments.values()] };
}

function attachmentKey(item: Value): string {
  const { $artifact, artifact_id, path } = isObject(item) ? item : {};
  const name = $artifact ?? artifact_id ?? path;
  return typeof name === "string" ? name : JSON.stringify(item);
}

function listOf(value: Value | undefined): Value[] {
  return Array.isArray(value) ? value : [];
}

/** The vars of a child: its own, the workspace and the trace of its parent, and fresh limits. Nothing else is inherited. */
export function childVars(own: JsonObject, parent: JsonObject, depth: number): JsonObject {
  const vars: JsonObject = { ...own };
  for (const key of ["workspace_root", "workspace_access_mode", "workspace_allowed_paths", "workspace_ignored_paths"]) {
    const value = parent[key];
    if (value !== undefined && vars[key] === undefined) vars[key] = value;
  }
  const runtime = isObject(own["_runtime"]) ? own["_runtime"] : {};
  vars["_limits"] = isObject(own["_limits"]) ? { ...limits, ...own["_limits"] } : { ...limits };
  const inherited = isObject(parent["_runtime"]) ? parent["_runtime"]["traceparent"] : undefined;
  vars["_runtime"] = { ...runtime, ...(inherited === undefined ? {} : { traceparent: inherited }), depth };
  return vars;
}
