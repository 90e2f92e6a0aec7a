import type { Wait } from "#core/run.ts";
import { type JsonObject, isObject } from "#core/value.ts";

/** What a waiting run is told when its child was a tool's work: one result, as of any other tool (contract flow-runtime 3.11). */
export function childAsTool(details: NonNullable<Wait["details"]>, subRunId: string, output: JsonObject): JsonObject {
  const callId = details["call_id"] ?? "";
  const failed = output["success"] === false;
  const error = typeof output["error"] === "string" ? output["error"] : "the agent did not come to an answer";
  const answer = typeof output["answer"] === "string" ? output["answer"] : JSON.stringify(output);
  const result = {
    call_id: callId,
    runtime_call_id: callId,
    name: details["tool_name"] ?? "start_subworkflow",
    success: !failed,
    output: failed ? null : { rendered: answer, answer, sub_run_id: subRunId, ...reportOf(output) },
    error: failed ? error : null,
  };
  return { mode: "executed", results: [result], sub_run_id: subRunId };
}

const maxReportChars = 4000;

function reportOf({ report }: JsonObject): JsonObject {
  if (report === undefined || report === null) return {};
  const text = typeof report === "string" ? report : JSON.stringify(isObject(report) ? report : [report]);
  return { report: text.slice(0, maxReportChars) };
}
