import { parseJson } from "#core/json.ts";
import { type RunStatus, type Wait, runStatuses, waitReasons } from "#core/run.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";

/** A stored run of the Python gateway (contract flow-runtime 3.1), read leniently. */
export interface PythonRun {
  run_id: string;
  workflow_id: string;
  /** Null: a status that we do not know. */
  status: RunStatus | null;
  statusText: string;
  current_node: string;
  vars: JsonObject;
  waiting: Wait | null;
  output: Value;
  error: string | null;
  created_at: string;
  updated_at: string;
  actor_id: string | null;
  session_id: string | null;
  parent_run_id: string | null;
}

/** Null when the text is no run: no JSON object, or one without an id and a workflow. */
export function readPythonRun(text: string): PythonRun | null {
  let value: Value;
  try {
    value = parseJson(text);
  } catch {
    return null;
  }
  if (!isObject(value)) return null;
  const { run_id, workflow_id } = value;
  if (typeof run_id !== "string" || run_id === "" || typeof workflow_id !== "string" || workflow_id === "") return null;
  const statusText = typeof value["status"] === "string" ? value["status"] : "";
  const created = textOf(value["created_at"]) ?? new Date(0).toISOString();
  return {
    run_id,
    workflow_id,
    status: runStatuses.find((status) => status === statusText) ?? null,
    statusText,
    current_node: textOf(value["current_node"]) ?? "",
    vars: isObject(value["vars"]) ? value["vars"] : {},
    waiting: readWait(value["waiting"]),
    output: value["output"] ?? null,
    error: textOf(value["error"]),
    created_at: created,
    updated_at: textOf(value["updated_at"]) ?? created,
    actor_id: textOf(value["actor_id"]),
    session_id: textOf(value["session_id"]),
    parent_run_id: textOf(value["parent_run_id"]),
  };
}

function readWait(value: Value | undefined): Wait | null {
  if (!isObject(value)) return null;
  const reason = waitReasons.find((each) => each === value["reason"]);
  if (!reason) return null;
  return {
    reason,
    wait_key: textOf(value["wait_key"]),
    until: textOf(value["until"]),
    resume_to_node: textOf(value["resume_to_node"]),
    result_key: textOf(value["result_key"]),
    prompt: textOf(value["prompt"]),
    choices: Array.isArray(value["choices"]) ? value["choices"] : null,
    allow_free_text: value["allow_free_text"] !== false,
    details: isObject(value["details"]) ? value["details"] : null,
  };
}

function textOf(value: Value | undefined): string | null {
  return typeof value === "string" ? value : null;
}

/** The object without some of its keys. */
export function without(object: JsonObject, ...keys: string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)));
}

/** `namespace.key` of the vars when it is an object, else an empty one. */
export function objectAt(vars: JsonObject, ...path: string[]): JsonObject {
  let at: Value = vars;
  for (const key of path) at = (isObject(at) ? at[key] : undefined) ?? null;
  return isObject(at) ? at : {};
}
