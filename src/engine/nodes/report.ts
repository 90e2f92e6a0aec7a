import { dumpJson } from "#core/python-json.ts";
import { codePointLength, joinTexts, sliceCodePoints, strip } from "#core/python-text.ts";
import { pyStr } from "#core/python.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import { asList, asObject } from "#engine/nodes/pins.ts";
import { traceReport } from "#engine/nodes/trace-report.ts";
import type { PureNode } from "#engine/pure.ts";

const maxArgumentLength = 160;
const maxOutputLength = 420;

/** `- tool(argument) [SUCCESS] : observation`, a line per result. */
const formatToolResults: PureNode = (inputs) => {
  const results = asList(inputs["tool_results"] ?? inputs["results"]).filter(isObject);
  return joinTexts(results.map(lineOf), "\n");
};

function lineOf(result: JsonObject): string {
  const { success, output, error = null } = result;
  const name = textOf(result["name"]) || textOf(result["tool"]) || "tool";
  const mark = success === true ? "SUCCESS" : success === false ? "FAILURE" : "DONE";
  const failure = success === false && error !== null ? strip(pyStr(error)) : "";
  const observation = failure || observed(output) || "(no output)";
  return `- ${name}(${primaryArgument(asObject(result["arguments"]), asObject(output))}) [${mark}] : ${observation}`;
}

function textOf(value: Value | undefined): string {
  return value === undefined || value === null ? "" : strip(pyStr(value));
}

/** The first argument that is given, else the first field of the output: a result does not always carry its call. */
function primaryArgument(given: JsonObject, output: JsonObject): string {
  const first = [...Object.values(given), ...Object.values(output)].find((value) => value !== null);
  return first === undefined ? "" : shown(first, maxArgumentLength);
}

function observed(output: Value | undefined): string {
  if (output === undefined || output === null) return "";
  const rendered = isObject(output) ? output["rendered"] : undefined;
  if (typeof rendered === "string" && strip(rendered) !== "") return strip(rendered);
  if (isObject(output)) return shown(output, maxOutputLength);
  return clamp(oneLine(pyStr(output)), maxOutputLength);
}

function shown(value: Value, length: number): string {
  if (typeof value === "boolean") return value ? "true" : "false";
  const isContainer = isObject(value) || Array.isArray(value);
  return clamp(oneLine(isContainer ? dumpJson(value, { isCompact: true, sortKeys: true }) : pyStr(value)), length);
}

function oneLine(text: string): string {
  const lines = text.split(/\r\n|\r|\n/).filter((line) => strip(line) !== "");
  return strip(lines.join(" "));
}

function clamp(text: string, length: number): string {
  return codePointLength(text) <= length ? text : `${sliceCodePoints(text, 0, length - 1)}…`;
}

export const reportNodes: [string, PureNode][] = [
  ["format_tool_results", formatToolResults],
  ["agent_trace_report", (inputs) => traceReport(inputs["scratchpad"])],
];
