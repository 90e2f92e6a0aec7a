import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { unzipSync } from "fflate";
import type { Flow, FlowEdge } from "#core/flow.ts";
import { parseObject } from "#core/json.ts";
import { isObject } from "#core/value.ts";
import { compile } from "#engine/compile.ts";

const flows = resolve(process.env["SHARED_DIR"] ?? join(import.meta.dirname, "../../../shared"), "flows");
const isThere = existsSync(flows);
const list = (folder: string, ending: string) =>
  isThere ? readdirSync(join(flows, folder)).filter((name) => name.endsWith(ending)) : [];

/** Just enough reading for the compiler; the real reader has its own tests. */
function flowOf(text: string): Flow {
  const raw = parseObject(text);
  const objects = (value: unknown) => (Array.isArray(value) ? value.filter(isObject) : []);
  return {
    id: String(raw["id"]),
    name: "",
    description: "",
    interfaces: [],
    nodes: objects(raw["nodes"]).map((node) => ({
      id: String(node["id"]),
      type: String(node["type"])
        .replace(/^NodeType\./, "")
        .toLowerCase(),
      data: isObject(node["data"]) ? node["data"] : {},
    })),
    edges: objects(raw["edges"]).filter(
      (edge) => edge["sourceHandle"] && edge["targetHandle"],
    ) as unknown as FlowEdge[],
    entryNode: typeof raw["entryNode"] === "string" ? raw["entryNode"] : null,
  };
}

describe.skipIf(!isThere)("the reference's own flows (skipped without the shared folder)", () => {
  test.each(list("bundles", ".flow"))("every flow of %s compiles, and each node has its place", async (name) => {
    const entries = unzipSync(new Uint8Array(await Bun.file(join(flows, "bundles", name)).arrayBuffer()));
    const documents = Object.keys(entries).filter((path) => /^flows\/.*\.json$/.test(path));
    expect(documents.length).toBeGreaterThan(0);
    for (const path of documents) {
      const flow = flowOf(new TextDecoder().decode(entries[path]));
      const plan = compile(flow);
      expect(plan.nodes.get(plan.entry)?.kind).toBe("exec");
      expect(plan.warnings.filter((warning) => warning.includes("does not know"))).toEqual([]);
      for (const { node_id, workflow_id } of plan.listeners) compile(flow, { entry: node_id, workflowId: workflow_id });
    }
  });

  test.each(list("visualflows", ".json"))("the document %s compiles", async (name) => {
    const plan = compile(flowOf(await Bun.file(join(flows, "visualflows", name)).text()));
    expect(plan.nodes.get(plan.entry)?.kind).toBe("exec");
    expect(plan.warnings.filter((warning) => warning.includes("does not know"))).toEqual([]);
  });
});
