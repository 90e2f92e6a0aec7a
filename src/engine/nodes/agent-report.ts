import { dumpJson } from "#core/python-json.ts";
import { pyStr } from "#core/python.ts";
import { isoTime } from "#core/time.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import type { PlanNode } from "#engine/plan.ts";

/** What an agent's child run came to, with what it was asked. */
export interface AgentReport {
  task: string;
  provider: string | null;
  model: string | null;
  /** The child's output; without `answer` when it failed or was cancelled. */
  output: JsonObject;
  /** Structured data, or null. */
  data: Value;
  subRunId: Value;
  workflowId: Value;
}

/** The node's pins (contract flow-runtime 4.4). A child that did not complete is told as such: `success` is false, `response` the reason. */
export function agentRecord(report: AgentReport, node: PlanNode): JsonObject {
  const { output, data, subRunId } = report;
  const calls = listOf(output["tool_calls"]);
  const results = listOf(output["tool_results"]);
  const meta: JsonObject = {
    schema: "abstractcode.agent.v1.meta",
    version: 1,
    output_mode: data === null ? "unstructured" : "structured",
    ...(report.provider ? { provider: report.provider } : {}),
    ...(report.model ? { model: report.model } : {}),
    tool_calls: calls.length,
    tool_results: results.length,
    ...(subRunId === null ? {} : { sub_run_id: subRunId }),
    ...(output["iterations"] === undefined ? {} : { iterations: output["iterations"] }),
  };
  const response = data === null ? answerOf(output) : JSON.stringify(data);
  const record: JsonObject = {
    response,
    success: output["success"] === true,
    meta,
    scratchpad: scratchpadOf(report, { calls, results }),
    tool_calls: calls,
    tool_results: results,
  };
  if (data !== null) record["data"] = data;
  if (node.referenced.has("result")) record["result"] = legacyResult(report, record);
  return record;
}

/** What older flows take apart: the answer is its `result`. */
function legacyResult({ task, provider, model, output, subRunId }: AgentReport, record: JsonObject): JsonObject {
  const { response = null, success = false, data = null } = record;
  return {
    result: response,
    ...(data === null ? {} : { data }),
    task,
    success,
    provider,
    model,
    iterations: output["iterations"] ?? null,
    sub_run_id: subRunId,
  };
}

function scratchpadOf(report: AgentReport, { calls, results }: { calls: Value[]; results: Value[] }): JsonObject {
  const traces = isObject(report.output["node_traces"]) ? report.output["node_traces"] : {};
  const steps = Object.values(traces)
    .flatMap((trace) => (isObject(trace) ? listOf(trace["steps"]) : []))
    .filter(isObject)
    .sort((a, b) => (pyStr(a["ts"] ?? "") < pyStr(b["ts"] ?? "") ? -1 : 1));
  return {
    sub_run_id: report.subRunId,
    workflow_id: report.workflowId,
    task: report.task,
    messages: report.output["messages"] ?? [],
    node_traces: traces,
    steps,
    tool_calls: calls,
    tool_results: results,
  };
}

const maxObservations = 20;
const maxObservationChars = 2000;

/** The turn as later turns of the same conversation see it: task, what the tools said, answer. */
export function contextMessages(report: AgentReport, nodeId: string, nowMs: number): JsonObject[] {
  const { task, output, subRunId } = report;
  const timestamp = isoTime(nowMs);
  const message = (role: string, content: string, part: string, kind: string): JsonObject => ({
    role,
    content,
    timestamp,
    metadata: { kind, node_id: nodeId, message_id: `agent:${pyStr(subRunId)}:${nodeId}:${part}` },
  });
  const calls = listOf(output["tool_calls"]).filter(isObject);
  const results = listOf(output["tool_results"]).filter(isObject);
  const observations = calls.slice(0, maxObservations).map((call, index) => {
    const result = results[index] ?? {};
    const told = result["success"] === true ? result["output"] : result["error"];
    const text = `[${pyStr(call["name"] ?? "")}]: args=${dumpJson(call["arguments"] ?? {})}\n${shown(told)}`;
    return message(
      "assistant",
      text.slice(0, maxObservationChars),
      `tool:${pyStr(call["call_id"] ?? index)}`,
      "tool_observation",
    );
  });
  const omitted = calls.length - observations.length;
  const note =
    omitted > 0
      ? [
          message(
            "assistant",
            `(${omitted} more tool observations left out)`,
            "tool:omitted",
            "tool_observation_summary",
          ),
        ]
      : [];
  return [
    message("user", task, "task", "agent_turn"),
    ...observations,
    ...note,
    message("assistant", answerOf(output), "answer", "agent_turn"),
  ];
}

function answerOf(output: JsonObject): string {
  if (output["answer"] !== undefined) return pyStr(output["answer"]);
  return `The agent did not finish: ${pyStr(output["error"] ?? "no answer")}`;
}

function shown(value: Value | undefined): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

function listOf(value: Value | undefined): Value[] {
  return Array.isArray(value) ? value : [];
}
