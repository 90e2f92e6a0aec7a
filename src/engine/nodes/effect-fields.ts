import { type JsonObject, type Value, isObject } from "#core/value.ts";
import { type NodeContext, type NodeDefinition, setting } from "#engine/nodes/definition.ts";

/** A payload field, and the pins or settings that fill it in order of preference. */
export type Field = string | { name: string; from: readonly string[] };

export interface FieldEffect {
  effect: string;
  fields: readonly Field[];
  /** Fields that are sent when neither a pin nor a setting fills them. */
  presets?: JsonObject;
  outputs(result: JsonObject): JsonObject;
}

/** A node whose effect is its filled pins, and whose outputs are read off the result. `raw` is the whole result. */
export function fieldNode({ effect, fields, presets = {}, outputs }: FieldEffect): NodeDefinition {
  return {
    failsRun: true,
    run: (context) => ({ kind: "effect", type: effect, payload: { ...presets, ...pick(context, fields) } }),
    outputs: (result) => ({ ...outputs(isObject(result) ? result : {}), raw: result }),
  };
}

/** Present fields only: null and an empty text count as absent. */
export function pick(context: NodeContext, fields: readonly Field[]): JsonObject {
  const found: JsonObject = {};
  for (const field of fields) {
    const { name, from } = typeof field === "string" ? { name: field, from: [field] } : field;
    const value = setting(context, ...from);
    if (value !== undefined) found[name] = value;
  }
  return found;
}

export function listOf(value: Value | undefined): Value[] {
  return Array.isArray(value) ? value : [];
}
