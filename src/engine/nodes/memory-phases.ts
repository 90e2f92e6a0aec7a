import { lenientBool, pyStr } from "#core/python.ts";
import { type JsonObject, type Value, isObject, numberOf } from "#core/value.ts";
import type { NodeContext, NodeResult } from "#engine/nodes/definition.ts";

/*
 * What a model or agent node remembers before it asks (contract flow-runtime 4.1, step 6): each phase is an effect of the same node, with its
 * result at `_temp.memory_sources.<node>`. Nothing is looked up unless a pin or the `memory` object wants it.
 */

const presetMessages = 80;
const presetTokens = 1200;

export interface Recalled {
  /** Assertions as text for the model; empty when there are none. */
  knowledge: string;
  /** Messages that were put back into the run's conversation. */
  messages: JsonObject[];
  /** Whether anything was looked up: the node's record then still says that it remembers. */
  isDone: boolean;
}

/** The effect of the next phase, or null when everything that is wanted has come. */
export function memoryPhase(context: NodeContext, prompt: string): NodeResult | null {
  const found = bucketOf(context);
  const query = textWish(context, "memory_query") ?? prompt;
  if (wants(context, "use_span_memory")) {
    if (found["span_query"] === undefined)
      return phase(context, "span_query", "memory_query", spanQuery(context, query));
    const ids = spanIds(found["span_query"]);
    if (ids.length > 0 && found["span_rehydrate"] === undefined) {
      return phase(context, "span_rehydrate", "memory_rehydrate", rehydrate(context, ids));
    }
  }
  if (wants(context, "use_kg_memory") && found["kg_query"] === undefined && query.trim() !== "") {
    return phase(context, "kg_query", "memory_kg_query", graphQuery(context, query));
  }
  return null;
}

/** What came, and forgets it: the next visit of the node looks again. */
export function takeRecalled(context: NodeContext): Recalled {
  const { execution } = context;
  const found = bucketOf(context);
  const isThere = Object.keys(found).length > 0;
  if (isThere) execution.vars.delete(path(context));
  const graph = isObject(found["kg_query"]) ? found["kg_query"] : {};
  const text = graph["active_memory_text"];
  const all = isThere ? execution.vars.peek("context", "messages") : null;
  return {
    knowledge: typeof text === "string" ? text.trim() : "",
    isDone: isThere,
    messages: (Array.isArray(all) ? all.filter(isObject) : []).filter(isRehydrated),
  };
}

function isRehydrated({ metadata }: JsonObject): boolean {
  return isObject(metadata) && metadata["rehydrated"] === true;
}

const path = ({ node }: NodeContext, ...rest: string[]) => ["_temp", "memory_sources", node.id, ...rest];

function bucketOf(context: NodeContext): JsonObject {
  const bucket = context.execution.vars.peek(...path(context));
  return isObject(bucket) ? bucket : {};
}

function phase(context: NodeContext, field: string, type: string, payload: JsonObject): NodeResult {
  const resultKey = path(context, field).join(".");
  return { kind: "effect", type, payload, next: context.node.id, resultKey, placeholder: { ...remembering } };
}

/** The node's record while it remembers. */
const remembering = { _remembering: true } as const;

export function isRemembering(record: Value | undefined): record is JsonObject {
  return isObject(record) && record["_remembering"] === true;
}

function spanQuery(context: NodeContext, query: string): JsonObject {
  return { query, scope: scopeOf(context), return: "meta", ...levelOf(context) };
}

function rehydrate(context: NodeContext, spanIdList: string[]): JsonObject {
  const most = numberWish(context, "max_span_messages");
  const level = levelOf(context);
  const limit = most ?? (level["recall_level"] === undefined ? presetMessages : null);
  return {
    span_ids: spanIdList,
    placement: "after_summary",
    ...level,
    ...(limit === null ? {} : { max_messages: limit }),
  };
}

function graphQuery(context: NodeContext, query: string): JsonObject {
  const level = levelOf(context);
  const tokens =
    numberWish(context, "kg_max_input_tokens") ?? (level["recall_level"] === undefined ? presetTokens : null);
  const limit = numberWish(context, "kg_limit");
  const score = numberWish(context, "kg_min_score");
  return {
    query_text: query,
    scope: scopeOf(context),
    ...level,
    ...(tokens === null ? {} : { max_input_tokens: tokens }),
    ...(limit === null ? {} : { limit }),
    ...(score === null ? {} : { min_score: score }),
  };
}

/** The pin, else the field of the `memory` object. */
function wish({ inputs }: NodeContext, name: string): Value | undefined {
  const memory = isObject(inputs["memory"]) ? inputs["memory"] : {};
  const value = inputs[name] ?? memory[name];
  return value === null || value === "" ? undefined : value;
}

function wants(context: NodeContext, name: string): boolean {
  const value = wish(context, name);
  return value !== undefined && lenientBool(value);
}

function textWish(context: NodeContext, name: string): string | null {
  const value = wish(context, name);
  return typeof value === "string" && value.trim() ? value : null;
}

function numberWish(context: NodeContext, name: string): number | null {
  const value = wish(context, name);
  return value === undefined ? null : numberOf(value);
}

function scopeOf(context: NodeContext): string {
  return textWish(context, "memory_scope") ?? "run";
}

function levelOf(context: NodeContext): JsonObject {
  const level = textWish(context, "recall_level");
  return level === null ? {} : { recall_level: level };
}

function spanIds(result: Value | undefined): string[] {
  const results = isObject(result) ? result["results"] : null;
  const first = Array.isArray(results) ? results[0] : null;
  const meta = isObject(first) && isObject(first["meta"]) ? first["meta"] : {};
  return Array.isArray(meta["span_ids"]) ? meta["span_ids"].map((id) => pyStr(id)) : [];
}
