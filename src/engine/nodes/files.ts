import { isObject } from "#core/value.ts";
import type { NodeDefinition } from "#engine/nodes/definition.ts";

/** Nodes that read and write files and artifacts. Their inputs are read by the effect (contract flow-runtime 2.10). */
const fileTypes = [
  ..."read_file write_file read_pdf write_pdf list_folder_files".split(" "),
  ..."import_workspace_file export_artifact read_artifact".split(" "),
];

function fileNode(operation: string): NodeDefinition {
  return {
    run({ node, inputs }) {
      const own = new Set(node.inputs.map((pin) => pin.id));
      // What flows along the edge may be all vars; the private ones are nobody's input.
      const kept = Object.entries(inputs).filter(([key]) => own.has(key) || !key.startsWith("_"));
      return { kind: "effect", type: "file_operation", payload: { operation, input: Object.fromEntries(kept) } };
    },
    refusal(result) {
      const record = isObject(result) ? result : {};
      if (record["success"] !== false) return null;
      return typeof record["error"] === "string" ? record["error"] : "The file could not be used";
    },
  };
}

export const fileNodes: [string, NodeDefinition][] = fileTypes.map((type) => [type, fileNode(type)]);
