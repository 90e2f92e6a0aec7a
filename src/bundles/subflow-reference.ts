import type { JsonObject } from "#core/value.ts";

/** Where a subflow node names the flow that it calls, the first that is set counts (contract flow-runtime 1.3). */
export const referenceFields = ["subflowId", "flowId", "workflowId", "workflow_id"] as const;

/** The flow that a subflow node's data names, or null. */
export function subflowReference(data: JsonObject): string | null {
  for (const name of referenceFields) {
    const value = data[name];
    if (typeof value === "string" && value.trim() !== "") return value.trim();
  }
  return null;
}
