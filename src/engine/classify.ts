import type { FlowNode, Pin } from "#core/flow.ts";
import { type Value, isObject } from "#core/value.ts";
import { builtinTypes, literalTypes } from "#engine/nodes/node-types.ts";
import type { NodeKind } from "#engine/plan.ts";

/** Pins as declared in a node's data; junk is skipped. */
export function pinsOf(raw: Value | undefined): Pin[] {
  if (!Array.isArray(raw)) return [];
  return raw.flatMap((each) => {
    if (!isObject(each) || typeof each["id"] !== "string") return [];
    const { id, label, type, schema } = each;
    const pin: Pin = {
      id,
      label: typeof label === "string" ? label : id,
      type: typeof type === "string" ? type : "any",
      ...(schema === undefined || schema === null ? {} : { schema }),
    };
    return [pin];
  });
}

/** Which nodes own the cursor, which are pulled, which are constants (contract flow-runtime 2.1). */
export function kindOf(node: FlowNode): NodeKind {
  if (node.type === "join_exec") return "exec";
  if (literalTypes.has(node.type)) return "literal";
  const pins = [...pinsOf(node.data["inputs"]), ...pinsOf(node.data["outputs"])];
  if (pins.length > 0) return pins.some((pin) => pin.type === "execution") ? "exec" : "pure";
  return builtinTypes.has(node.type) ? "pure" : "exec";
}
