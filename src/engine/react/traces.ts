import { isoTime } from "#core/time.ts";
import type { JsonObject, Value } from "#core/value.ts";
import type { Execution } from "#engine/engine.ts";

/** Adds one entry to the traces of a loop node, the shape that trace reports read. Prompts are not repeated here: the ledger has them. */
export function addTrace(execution: Execution, nodeId: string, effect: JsonObject, result: JsonObject): void {
  const kept: JsonObject = {};
  for (const name of ["content", "reasoning", "tool_calls", "usage", "model", "provider", "finish_reason", "results"]) {
    const value: Value | undefined = result[name];
    if (value !== undefined && value !== null) kept[name] = value;
  }
  const ts = isoTime(execution.now());
  const durationMs = result["gen_time"];
  const entry: JsonObject = { ts, node_id: nodeId, status: "completed", effect, result: kept };
  if (durationMs !== undefined && durationMs !== null) entry["duration_ms"] = durationMs;
  execution.vars.append(["_runtime", "node_traces", nodeId, "steps"], entry);
}
