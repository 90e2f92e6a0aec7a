import { type JsonObject } from "#core/value.ts";
import { type NodeDefinition, isDataPin } from "#engine/nodes/definition.ts";
import { NodeError } from "#engine/pure.ts";

/** Nodes whose effect is planned from their pins as they are, until the part that carries it out shapes them. */
const byEffect: Record<string, string> = {
  tool_calls: "tool_calls",
  model_residency: "model_residency",
  memory_note: "memory_note",
  memory_query: "memory_query",
  memory_tag: "memory_tag",
  memory_compact: "memory_compact",
  memory_rehydrate: "memory_rehydrate",
  memory_kg_assert: "memory_kg_assert",
  memory_kg_query: "memory_kg_query",
  memory_kg_resolve: "memory_kg_resolve",
  call_tool: "tool_calls",
};

/** Nodes that this build cannot run at all. */
const unavailable = [
  ...["agent", "code", "function", "memact_compose", "listen_voice"],
  ...["read_file", "write_file", "read_pdf", "write_pdf", "list_folder_files"],
  ...["import_workspace_file", "export_artifact", "read_artifact"],
  ...["generate_image", "edit_image", "image_to_image", "upscale_image", "image_upscale"],
  ...["generate_video", "text_to_video", "image_to_video", "generate_voice", "generate_music", "transcribe_audio"],
];

function planned(effect: string): NodeDefinition {
  return {
    run({ inputs, node }) {
      const payload: JsonObject = {};
      for (const pin of node.inputs.filter(isDataPin))
        if (inputs[pin.id] !== undefined) payload[pin.id] = inputs[pin.id] ?? null;
      return { kind: "effect", type: effect, payload };
    },
  };
}

function missing(type: string): NodeDefinition {
  return {
    run() {
      throw new NodeError(`'${type}' nodes are not available in this build`);
    },
  };
}

export const laterNodes: [string, NodeDefinition][] = [
  ...Object.entries(byEffect).map(([type, effect]): [string, NodeDefinition] => [type, planned(effect)]),
  ...unavailable.map((type): [string, NodeDefinition] => [type, missing(type)]),
];

/** The effect that a node type needs although no handler is built in yet, or null. */
export function effectOfLater(type: string): string | null {
  return byEffect[type] ?? null;
}

export function isUnavailable(type: string): boolean {
  return unavailable.includes(type);
}
