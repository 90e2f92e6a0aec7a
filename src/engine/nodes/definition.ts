import { type JsonObject, type Value, isObject } from "#core/value.ts";
import type { Execution } from "#engine/engine.ts";
import type { PlanNode } from "#engine/plan.ts";

export interface NodeContext {
  execution: Execution;
  node: PlanNode;
  inputs: JsonObject;
}

/** What visiting an exec node comes to. */
export type NodeResult =
  /** Its record; the run goes on at `handle`. Without `ambient` the payload along the exec edges stays as it was. */
  | { kind: "record"; record: Value; handle?: string; ambient?: Value }
  /** A side effect; the run goes on at `next`, by default at `exec-out`. */
  | { kind: "effect"; type: string; payload: JsonObject; placeholder?: Value; next?: string; resultKey?: string }
  /** The run ends here, whatever control block it is in. */
  | { kind: "end"; output: Value };

export interface NodeDefinition {
  run(context: NodeContext): NodeResult;
  /** Makes the node's output record from the effect's result and the placeholder. Default: the result itself. */
  outputs?(result: Value, node: PlanNode, placeholder: Value | undefined): Value;
  /** A sentence when the effect's result is the node's own failure: it goes the way of a node that refuses. */
  refusal?(result: Value): string | null;
  /** Its refusal fails the run in the reference too, where other nodes complete it (contract flow-runtime 2.8). */
  failsRun?: true;
  /** Trouble while reading inputs means no inputs (contract flow-runtime 2.8). */
  swallowsInputErrors?: boolean;
}

/** `effectConfig` of the node, with the pin first: an empty string counts as missing. */
export function setting(context: Pick<NodeContext, "inputs" | "node">, ...names: string[]): Value | undefined {
  const config = configOf(context.node, "effectConfig");
  for (const from of [context.inputs, config]) {
    for (const name of names) {
      const value = from[name];
      if (value !== undefined && value !== null && value !== "") return value;
    }
  }
  return undefined;
}

export function configOf(node: PlanNode, name: string): JsonObject {
  const config = node.data[name];
  return isObject(config) ? config : {};
}

export function textSetting(context: Pick<NodeContext, "inputs" | "node">, ...names: string[]): string | undefined {
  const value = setting(context, ...names);
  return typeof value === "string" && value.trim() ? value : undefined;
}

export function isDataPin(pin: { type: string }): boolean {
  return pin.type !== "execution";
}
