import { truthy } from "#core/python.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import { isDataPin } from "#engine/nodes/definition.ts";
import type { PlanNode } from "#engine/plan.ts";

/** The values on a node's own pins in their declared order. A node that declares none gets a, b, … first, then the rest by name. */
export function inPinOrder(inputs: JsonObject, node: PlanNode): Value[] {
  const declared = node.inputs.filter(isDataPin).map((pin) => pin.id);
  const order = declared.length > 0 ? declared : Object.keys(inputs).sort(byLetter);
  return order.filter((pin) => Object.hasOwn(inputs, pin)).map((pin) => inputs[pin] ?? null);
}

function byLetter(a: string, b: string): number {
  const rank = (pin: string) => (/^[a-z]$/.test(pin) ? 0 : 1);
  return rank(a) - rank(b) || (a < b ? -1 : 1);
}

/** A switch that counts as `preset` when its pin is absent. Python's truthiness: the text "false" is true. */
export function flag(inputs: JsonObject, name: string, preset: boolean): boolean {
  return inputs[name] === undefined ? preset : truthy(inputs[name]);
}

export function asObject(value: Value | undefined): JsonObject {
  return isObject(value) ? value : {};
}

/** A list as it is, nothing as an empty one, anything else as a list of one. */
export function asList(value: Value | undefined): Value[] {
  if (Array.isArray(value)) return value;
  return value === undefined || value === null ? [] : [value];
}

/** The texts of a list that are not blank, trimmed. */
export function namesIn(value: Value | undefined): string[] {
  const texts = Array.isArray(value) ? value.filter((each): each is string => typeof each === "string") : [];
  return texts.map((text) => text.trim()).filter((text) => text !== "");
}
