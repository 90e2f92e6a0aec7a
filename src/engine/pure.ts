import type { PlanNode } from "#engine/plan.ts";
import type { JsonObject, Value } from "#core/value.ts";
import type { Clock } from "#core/time.ts";

/** What a pure node may ask for besides its inputs. */
export interface PureContext {
  node: PlanNode;
  /** The run's vars, read-only. */
  vars: JsonObject;
  now: Clock;
  random: () => number;
}

/**
 * A pure node: resolved inputs in, output record out. Raising (`NodeError`) fails the exec node that pulled it.
 * `inputs` holds only pins that are present; null is a value, absence is not.
 */
export type PureNode = (inputs: JsonObject, context: PureContext) => Value;

/** A node refused its input. The message goes to the run's error, with the node's id. */
export class NodeError extends Error {}
