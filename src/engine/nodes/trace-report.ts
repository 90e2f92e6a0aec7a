import { fixedText } from "#core/python-float.ts";
import { dumpJson } from "#core/python-json.ts";
import { TextWriter, compareCodePoints, strip } from "#core/python-text.ts";
import { pyStr } from "#core/python.ts";
import { type JsonObject, type Value, isObject, numberOf } from "#core/value.ts";
import { asList, asObject } from "#engine/nodes/pins.ts";

interface TraceStep {
  at: string;
  nodeId: string;
  entry: JsonObject;
}

/** A Markdown timeline of an agent's node traces, in full: arguments and results are not cut. */
export function traceReport(scratchpad: Value | undefined): string {
  const title = "# Agent Trace Report";
  if (!isObject(scratchpad)) return `${title}\n\n_No scratchpad provided._\n`;
  const traces = tracesOf(scratchpad);
  if (traces === null) return `${title}\n\n_No node_traces found in scratchpad._\n`;
  const lines = [title];
  for (const name of ["sub_run_id", "workflow_id"]) {
    if (filled(scratchpad[name])) lines.push(`- **${name}**: \`${scratchpad[name]}\``);
  }
  const steps = stepsOf(traces);
  if (steps.length === 0) return `${[...lines, "", "_No trace steps found._"].join("\n")}\n`;
  lines.push("", "## Timeline", "");
  const writer = new TextWriter();
  writer.write(lines.join("\n"));
  steps.forEach((step, index) => writer.write(`\n${[...stepLines(step, index + 1), ""].join("\n")}`));
  return `${writer.text.trimEnd()}\n`;
}

/** `node_traces`, or the one trace that was passed directly. */
function tracesOf(scratchpad: JsonObject): JsonObject | null {
  if (isObject(scratchpad["node_traces"])) return scratchpad["node_traces"];
  const isTrace = scratchpad["steps"] !== undefined && scratchpad["node_id"] !== undefined;
  return isTrace ? { [pyStr(scratchpad["node_id"] ?? null)]: scratchpad } : null;
}

function stepsOf(traces: JsonObject): TraceStep[] {
  const steps = Object.entries(traces).flatMap(([nodeId, trace]) => {
    const entries = asObject(trace)["steps"];
    return (Array.isArray(entries) ? entries : []).filter(isObject).map((entry) => {
      const { ts } = entry;
      return { nodeId, entry, at: typeof ts === "string" ? ts : "" };
    });
  });
  return steps.sort((a, b) => compareCodePoints(a.at, b.at));
}

function filled(value: Value | undefined): value is string {
  return typeof value === "string" && value !== "";
}

function block(language: string, value: Value): string {
  const text = language === "json" ? dumpJson(value, { indent: 2 }) : value === null ? "" : pyStr(value);
  return `\`\`\`${language}\n${text}\n\`\`\``;
}

function stepLines({ nodeId, entry }: TraceStep, index: number): string[] {
  const effect = asObject(entry["effect"]);
  const type = filled(effect["type"]) ? effect["type"] : "";
  const status = filled(entry["status"]) ? entry["status"] : "";
  const lines = [`### ${index}. \`${nodeId}\` — \`${type}\` (${status})`];
  const duration = numberOf(entry["duration_ms"]);
  if (duration !== null && Number.isFinite(duration) && duration >= 0) {
    lines.push(`- **duration_ms**: ${fixedText(duration, 3)}`);
  }
  if (status === "failed") {
    const { error = null } = entry;
    return error === null ? lines : [...lines, "", "**Error**", block("text", error)];
  }
  const result = isObject(entry["result"]) ? entry["result"] : null;
  if (type === "llm_call") return [...lines, ...modelLines(result ?? {})];
  if (type === "tool_calls") return [...lines, ...toolLines(asObject(effect["payload"]), result ?? {})];
  return result === null ? lines : [...lines, "", "**Result (raw)**", block("json", result)];
}

function modelLines(result: JsonObject): string[] {
  const lines: string[] = [];
  for (const name of ["model", "finish_reason"]) {
    if (filled(result[name])) lines.push(`- **${name}**: \`${result[name]}\``);
  }
  const calls = Array.isArray(result["tool_calls"]) ? result["tool_calls"] : [];
  lines.push(`- **tool_calls_requested**:${calls.length > 0 ? "" : " none"}`);
  for (const call of calls.filter(isObject)) {
    if (filled(call["name"])) lines.push(`  - \`${call["name"]}\`${callId(call["call_id"])}`);
  }
  const { content } = result;
  if (typeof content === "string" && strip(content) !== "") {
    lines.push("", "**Assistant content**", block("markdown", content));
  }
  return lines;
}

function callId(id: Value | undefined): string {
  return filled(id) ? ` (call_id=${id})` : "";
}

function toolLines(payload: JsonObject, result: JsonObject): string[] {
  const { tool_calls } = payload;
  if (isObject(tool_calls) && tool_calls["$artifact"] !== undefined) {
    return [`- **tool_calls**: _stored as the artifact \`${pyStr(tool_calls["$artifact"])}\`_`];
  }
  const calls = asList(tool_calls);
  if (calls.length === 0) return ["- **tool_calls**: none"];
  const results = asList(result["results"]).filter(isObject);
  return calls.filter(isObject).flatMap((call) => {
    const answer = results.find((each) => filled(each["call_id"]) && each["call_id"] === call["call_id"]);
    return ["", ...callLines(call, answer)];
  });
}

function callLines(call: JsonObject, result: JsonObject | undefined): string[] {
  const id = filled(call["call_id"]) ? call["call_id"] : call["id"];
  const lines = [`#### Tool: \`${pyStr(call["name"] ?? null)}\`${callId(id)}`, ""];
  lines.push("**Arguments**", block("json", call["arguments"] ?? {}), "", "**Result**");
  if (!result) return [...lines, "_missing tool result in trace entry_"];
  const { success, error = null, output = null } = result;
  if (typeof success === "boolean") lines.push(`- **success**: ${success}`);
  if (error !== null) lines.push(`- **error**: ${pyStr(error)}`);
  return [...lines, block(typeof output === "string" ? "text" : "json", output)];
}
