import { pyStr } from "#core/python.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import type { PureNode } from "#engine/pure.ts";

function asObject(value: Value | undefined): JsonObject {
  return isObject(value) ? value : {};
}

function asList(value: Value | undefined): Value[] {
  if (Array.isArray(value)) return value;
  return value === undefined || value === null ? [] : [value];
}

const makeContext: PureNode = (inputs) => {
  const task = inputs["task"];
  return {
    context: {
      ...asObject(inputs["context_extra"]),
      task: task === undefined || task === null ? "" : pyStr(task),
      messages: asList(inputs["messages"]),
    },
  };
};

const metaFields = [
  "output_mode",
  "provider",
  "model",
  "tool_calls",
  "tool_results",
  "sub_run_id",
  "iterations",
  "usage",
  "trace",
];

const makeMeta: PureNode = (inputs) => {
  const meta: JsonObject = { ...asObject(inputs["extra"]), schema: "abstractcode.agent.v1.meta", version: 1 };
  for (const name of metaFields)
    if (inputs[name] !== undefined && inputs[name] !== null) meta[name] = inputs[name] as Value;
  return { meta };
};

const scratchpadLists = ["messages", "steps", "tool_calls", "tool_results"];

const makeScratchpad: PureNode = (inputs) => {
  const scratchpad: JsonObject = { ...asObject(inputs["extra"]) };
  for (const [name, value] of Object.entries(inputs))
    if (name !== "extra" && !name.startsWith("_")) scratchpad[name] = value;
  for (const name of scratchpadLists) scratchpad[name] = asList(inputs[name]);
  scratchpad["node_traces"] = asObject(inputs["node_traces"]);
  return { scratchpad };
};

function shown(value: Value | undefined): string {
  return value === undefined || value === null ? "" : pyStr(value);
}

function clamp(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

/** `- tool(argument) [SUCCESS] : observation`, a line per result. */
const formatToolResults: PureNode = (inputs) => {
  const results = asList(inputs["tool_results"] ?? inputs["results"]).filter(isObject);
  const lines = results.map((result) => {
    const name = typeof result["name"] === "string" ? result["name"] : "tool";
    const success = result["success"];
    const mark = success === true ? "SUCCESS" : success === false ? "FAILURE" : "DONE";
    return `- ${name}(${clamp(primaryArgument(result["arguments"]), 160)}) [${mark}] : ${clamp(observation(result), 420)}`;
  });
  return lines.join("\n");
};

function primaryArgument(value: Value | undefined): string {
  const first = Object.values(asObject(value))[0];
  return first === undefined || first === null ? "" : pyStr(first).replace(/\s+/g, " ");
}

function observation(result: JsonObject): string {
  const output = result["output"];
  const shown =
    isObject(output) && output["rendered"] !== undefined ? output["rendered"] : (output ?? result["error"] ?? "");
  return (shown === null ? "" : typeof shown === "string" ? shown : JSON.stringify(shown)).replace(/\s+/g, " ").trim();
}

/** A Markdown timeline of what an agent's nodes did. */
const agentTraceReport: PureNode = (inputs) => {
  const scratchpad = asObject(inputs["scratchpad"]);
  const steps = Object.entries(asObject(scratchpad["node_traces"])).flatMap(([node, trace]) =>
    asList(asObject(trace)["steps"])
      .filter(isObject)
      .map((step) => ({ node, step })),
  );
  steps.sort((a, b) => shown(a.step["ts"]).localeCompare(shown(b.step["ts"])));
  const lines = steps.map(({ node, step }) => {
    const effect = asObject(step["effect"]);
    const note = step["error"] ? ` — ${clamp(shown(step["error"]), 200)}` : "";
    return `- ${shown(step["ts"])} **${node}** ${shown(effect["type"])} ${shown(step["status"])}${note}`;
  });
  return ["# Agent trace", "", ...(lines.length > 0 ? lines : ["(no steps)"])].join("\n");
};

export const contextNodes: [string, PureNode][] = [
  ["make_context", makeContext],
  ["make_meta", makeMeta],
  ["make_scratchpad", makeScratchpad],
  ["format_tool_results", formatToolResults],
  ["agent_trace_report", agentTraceReport],
];
