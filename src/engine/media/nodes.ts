import { type JsonObject, isObject } from "#core/value.ts";
import type { Execution } from "#engine/engine.ts";
import type { NodeDefinition } from "#engine/nodes/definition.ts";

const generate: NodeDefinition = {
  failsRun: true,
  run({ execution }) {
    const { payload } = mediaOf(execution);
    return {
      kind: "effect",
      type: "llm_call",
      payload: isObject(payload) ? payload : {},
      resultKey: "media_call.result",
    };
  },
  outputs: () => null,
};

const done: NodeDefinition = {
  run({ execution }) {
    return { kind: "end", output: { success: true, result: mediaOf(execution)["result"] ?? null } };
  },
};

function mediaOf(execution: Execution): JsonObject {
  const media = execution.vars.peek("media_call");
  return isObject(media) ? media : {};
}

export const mediaRouteNodes: [string, NodeDefinition][] = [
  ["media_generate", generate],
  ["media_done", done],
];
