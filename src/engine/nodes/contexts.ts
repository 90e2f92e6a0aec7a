import { strip } from "#core/python-text.ts";
import { pyStr, toFloat } from "#core/python.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import { asList, asObject } from "#engine/nodes/pins.ts";
import type { PureNode } from "#engine/pure.ts";

/** The envelopes that agents and hosts exchange. A field that does not have its type is left out rather than refused. */

function taskOf(inputs: JsonObject): string {
  const { task = null } = inputs;
  return task === null ? "" : pyStr(task);
}

const makeContext: PureNode = (inputs) => ({
  context: { ...asObject(inputs["context_extra"]), task: taskOf(inputs), messages: asList(inputs["messages"]) },
});

type Field = (value: Value | undefined) => Value | undefined;

const text: Field = (value) => (typeof value === "string" ? strip(value) || undefined : undefined);
const anyText: Field = (value) => (value === undefined || value === null ? undefined : text(pyStr(value)));
const object: Field = (value) => (isObject(value) ? value : undefined);
const anything: Field = (value) => value ?? undefined;
const unlessBoolean: Field = (value) => (typeof value === "boolean" ? undefined : anything(value));

/** A count: numbers and their texts are cut to an int. */
const whole: Field = (value) => {
  if (value === undefined || value === null || typeof value === "boolean" || Array.isArray(value)) return undefined;
  try {
    const number = Math.trunc(toFloat(value));
    return Number.isFinite(number) ? number + 0 : undefined;
  } catch {
    return undefined;
  }
};

const traceOf: Field = (value) => object(value) ?? (text(value) ? { trace_id: text(value) ?? null } : undefined);

const warningsOf: Field = (value) => {
  if (!Array.isArray(value)) return text(value) === undefined ? undefined : [text(value) ?? ""];
  return value.map(pyStr).filter((warning) => strip(warning) !== "");
};

const metaFields: [string, Field][] = [
  ["output_mode", text],
  ["provider", anyText],
  ["model", anyText],
  ["sub_run_id", text],
  ["iterations", whole],
  ["tool_calls", whole],
  ["tool_results", whole],
  ["finish_reason", text],
  ["gen_time", unlessBoolean],
  ["ttft_ms", unlessBoolean],
  ["usage", object],
  ["trace", traceOf],
  ["warnings", warningsOf],
  ["debug", anything],
];

const makeMeta: PureNode = (inputs) => {
  const schema = text(inputs["schema"]) ?? "abstractcode.agent.v1.meta";
  const meta: JsonObject = { ...asObject(inputs["extra"]), schema, version: whole(inputs["version"]) ?? 1 };
  for (const [name, read] of metaFields) {
    const value = read(inputs[name]);
    if (value !== undefined) meta[name] = value;
  }
  const traceId = text(inputs["trace_id"]);
  if (traceId !== undefined) meta["trace"] = { ...asObject(meta["trace"]), trace_id: traceId };
  return { meta };
};

const makeScratchpad: PureNode = (inputs) => {
  const scratchpad: JsonObject = {};
  for (const name of ["sub_run_id", "workflow_id"]) {
    const value = text(inputs[name]);
    if (value !== undefined) scratchpad[name] = value;
  }
  scratchpad["task"] = taskOf(inputs);
  scratchpad["messages"] = asList(inputs["messages"]);
  if (isObject(inputs["context_extra"])) scratchpad["context_extra"] = inputs["context_extra"];
  scratchpad["node_traces"] = asObject(inputs["node_traces"]);
  for (const name of ["steps", "tool_calls", "tool_results"]) scratchpad[name] = asList(inputs[name]);
  return { scratchpad };
};

export const contextNodes: [string, PureNode][] = [
  ["make_context", makeContext],
  ["make_meta", makeMeta],
  ["make_scratchpad", makeScratchpad],
];
