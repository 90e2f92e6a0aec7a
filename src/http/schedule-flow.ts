import type { JsonObject } from "#core/value.ts";
import type { PlanNode } from "#engine/plan.ts";
import { schedulePlan } from "#engine/schedule/plan.ts";
import { isRecurrent } from "#engine/schedule/calendar.ts";

/** Steps that only decide have no place in the picture. */
const shownTypes: Record<string, string> = {
  schedule_wait: "on_schedule",
  schedule_run: "subflow",
  schedule_end: "on_flow_end",
};

/** The run of a schedule as a flow that clients can draw: start, waits, the target, end. */
export function scheduleFlow(workflowId: string, schedule: JsonObject): JsonObject {
  const repeats = isRecurrent(schedule);
  const { target_workflow_id: target } = schedule;
  const nodes = [...schedulePlan(workflowId).nodes.values()].filter(
    ({ id, type }) => type in shownTypes && (repeats || id !== "wait_interval"),
  );
  const start = node({ id: "start", type: "on_flow_start", label: "Start" }, 0);
  const drawn = nodes.map((each, index) => node(labelled(each, schedule), index + 1));
  const edges: [string, string][] = [
    ["start", "wait_start"],
    ["wait_start", "run_target"],
    ...(repeats
      ? ([
          ["run_target", "wait_interval"],
          ["wait_interval", "run_target"],
        ] as [string, string][])
      : []),
    ["run_target", "end"],
  ];
  return {
    id: workflowId,
    name: typeof target === "string" ? `Schedule of ${target}` : "Schedule",
    description: "",
    interfaces: [],
    entryNode: "start",
    nodes: [start, ...drawn],
    edges: edges.map(([source, target], index) => ({
      id: `e${index + 1}`,
      source,
      sourceHandle: "exec-out",
      target,
      targetHandle: "exec-in",
      animated: true,
    })),
  };
}

function labelled({ id, type }: PlanNode, schedule: JsonObject): { id: string; type: string; label: string } {
  const target = schedule["target_flow_id"];
  const label = type === "schedule_run" && typeof target === "string" ? target : id;
  return { id, type: shownTypes[type] ?? type, label };
}

function node({ id, type, label }: { id: string; type: string; label: string }, column: number): JsonObject {
  const pin = (name: string): JsonObject => ({ id: name, label: "", type: "execution" });
  return {
    id,
    type,
    position: { x: 80 + column * 260, y: 120 },
    data: {
      nodeType: type,
      label,
      inputs: type === "on_flow_start" ? [] : [pin("exec-in")],
      outputs: type === "on_flow_end" ? [] : [pin("exec-out")],
    },
  };
}
