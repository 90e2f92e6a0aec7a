import { expect, test } from "bun:test";
import type { JsonObject, Value } from "#core/value.ts";
import { pureNodes } from "#engine/nodes/pure-nodes.ts";
import type { PlanNode } from "#engine/plan.ts";
import { NodeError } from "#engine/pure.ts";

export interface Surroundings {
  /** The node's declared pins, in order. */
  pins?: string[];
  outputs?: string[];
  data?: JsonObject;
  vars?: JsonObject;
  random?: number;
  nowMs?: number;
}

/** Evaluates one data node with these inputs. */
export function evaluate(type: string, inputs: JsonObject, around: Surroundings = {}): Value {
  const run = pureNodes.get(type);
  if (!run) throw new Error(`there is no data node ${type}`);
  const pinsOf = (ids: string[] = []) => ids.map((id) => ({ id, label: id, type: "any" }));
  const node: PlanNode = {
    id: "node",
    type,
    kind: "pure",
    label: type,
    inputs: pinsOf(around.pins),
    outputs: pinsOf(around.outputs),
    sources: new Map(),
    defaults: new Map(),
    next: new Map(),
    data: around.data ?? {},
    referenced: new Set(),
  };
  return run(inputs, {
    node,
    vars: around.vars ?? {},
    now: () => around.nowMs ?? 0,
    random: () => around.random ?? 0.5,
  });
}

/** One test per row: inputs and what comes out. */
export function gives(type: string, rows: [inputs: JsonObject, wanted: Value, around?: Surroundings][]): void {
  rows.forEach(([inputs, wanted, around], index) => {
    test(`${type} ${index + 1}: ${label(inputs)}`, () => {
      const before = structuredClone(inputs);
      expect(evaluate(type, inputs, around)).toStrictEqual(wanted as never);
      expect(inputs).toEqual(before as never);
    });
  });
}

/** One test per row: inputs and a part of the one sentence that refuses them. */
export function refuses(type: string, rows: [inputs: JsonObject, reason: string, around?: Surroundings][]): void {
  rows.forEach(([inputs, reason, around], index) => {
    test(`${type} refuses ${index + 1}: ${label(inputs)}`, () => {
      const run = () => evaluate(type, inputs, around);
      expect(run).toThrow(NodeError);
      expect(run).toThrow(reason);
    });
  });
}

function label(inputs: JsonObject): string {
  return JSON.stringify(inputs).slice(0, 80);
}
