import type { Value } from "#core/value.ts";
import type { NodeDefinition } from "#engine/nodes/definition.ts";
import { fieldNode, listOf } from "#engine/nodes/effect-fields.ts";

/** Loading, unloading and listing local models. */
const modelResidency: NodeDefinition = fieldNode({
  effect: "model_residency",
  fields: [
    ..."operation task provider model runtime_id base_url provider_api_key timeout_s".split(" "),
    ..."options pin required cache_policy".split(" "),
  ],
  presets: { operation: "list_loaded" },
  outputs(result) {
    const error = result["error"] ?? null;
    const isFine = result["success"] ?? result["ok"] ?? (error === null || error === "");
    const models = listOf(result["models"]);
    const affected: Value = result["affected_models"] ?? result["runtime"] ?? models;
    return {
      success: isFine === true,
      affected_models: Array.isArray(affected) ? affected : [affected],
      models,
      error,
      warnings: listOf(result["warnings"]),
      result,
    };
  },
});

export const residencyNodes: [string, NodeDefinition][] = [["model_residency", modelResidency]];
