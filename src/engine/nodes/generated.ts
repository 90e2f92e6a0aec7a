import { type JsonObject, type Value, isObject } from "#core/value.ts";

/** What a model call made besides text: where its artifact is. */
export interface Generated {
  item: JsonObject;
  ref: JsonObject;
  id: string;
}

/** The first artifact of a result's `outputs`, of the wanted modality where there is one. */
export function generatedOf(result: JsonObject, modality: string | null): Generated | null {
  const outputs = isObject(result["outputs"]) ? result["outputs"] : {};
  const wanted = modality === null ? undefined : outputs[modality];
  for (const items of [wanted, ...Object.values(outputs)]) {
    for (const item of Array.isArray(items) ? items : [items]) {
      const found = isObject(item) ? artifactOf(item) : null;
      if (found) return found;
    }
  }
  return null;
}

function artifactOf(item: JsonObject): Generated | null {
  const ref = isObject(item["artifact_ref"]) ? item["artifact_ref"] : item;
  const id = [ref["$artifact"], ref["artifact_id"], item["artifact_id"]].find(
    (each) => typeof each === "string" && each,
  );
  if (typeof id !== "string") return null;
  return { item, ref: ref === item ? { $artifact: id } : ref, id };
}

/** `outputs` and `resources` of a result, for the pins of the same names. */
export function mediaFields(result: JsonObject): JsonObject {
  return { outputs: orEmpty(result["outputs"], {}), resources: orEmpty(result["resources"], []) };
}

function orEmpty(value: Value | undefined, empty: Value): Value {
  return value === undefined || value === null ? empty : value;
}
