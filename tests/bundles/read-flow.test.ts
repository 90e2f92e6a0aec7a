import { describe, expect, test } from "bun:test";
import { namespaceFlow } from "#bundles/namespace-flow.ts";
import { readFlow } from "#bundles/read-flow.ts";
import type { FlowNode } from "#core/flow.ts";
import { parseJson } from "#core/json.ts";
import { PyFloat, type Value } from "#core/value.ts";

const read = (document: object) => readFlow(parseJson(JSON.stringify(document)));
const node = (id: string, type: string, data: object = {}) => ({ id, type, position: { x: 0, y: 0 }, data });

test("a document becomes a flow without its junk", () => {
  const { flow, warnings } = read({
    id: "f",
    name: "F",
    description: "d",
    interfaces: ["a", 5],
    nodes: [
      {
        ...node("s", "NodeType.ON_FLOW_START", { nodeType: "NodeType.ON_FLOW_START", label: "S" }),
        label: null,
        icon: null,
      },
    ],
    edges: [],
    entryNode: "s",
    created_at: "t",
  });
  expect(warnings).toEqual([]);
  expect(flow).toEqual({
    id: "f",
    name: "F",
    description: "d",
    interfaces: ["a"],
    nodes: [{ id: "s", type: "on_flow_start", data: { nodeType: "on_flow_start", label: "S" } }],
    edges: [],
    entryNode: "s",
  });
});

test.each([
  [{ id: "a", flow_id: "b" }, "a"],
  [{ flow_id: "b", workflow_id: "c" }, "b"],
  [{ id: " ", workflow_id: " c " }, "c"],
])("the id of %p is %s", (ids, id) => {
  expect(read({ ...ids, nodes: [] }).flow.id).toBe(id);
});

test("a type that only the data have counts, an unknown one stays, and 5.0 stays a float", () => {
  const document =
    '{"id":"f","nodes":[{"id":"a","data":{"nodeType":"NodeType.IF"}},{"id":"b","type":"Mystery","data":{"literalValue":5.0}}]}';
  const { flow } = readFlow(parseJson(document));
  expect(flow.nodes.map((each) => each.type)).toEqual(["if", "mystery"]);
  expect(flow.nodes[1]?.data["literalValue"]).toBeInstanceOf(PyFloat);
});

test("an edge without a handle is dropped; what else is odd is told", () => {
  const edge = { source: "a", sourceHandle: "exec-out", target: "b", targetHandle: "exec-in" };
  const { flow, warnings } = read({
    id: "f",
    nodes: [node("a", "if"), node("b", ""), { type: "if" }, "junk"],
    edges: [edge, { ...edge, sourceHandle: null }, { ...edge, targetHandle: "" }, { source: "a" }, 5],
    entryNode: "nobody",
  });
  expect(flow.edges).toEqual([edge]);
  expect(warnings).toEqual([
    "node 'b' has no type",
    "nodes[2] has no id; it was left out",
    "nodes[3] has no id; it was left out",
    "entryNode names the node 'nobody', which is not there",
    "edges[3] has no source or no target; it was left out",
    "edges[4] has no source or no target; it was left out",
  ]);
});

describe("a document is refused when it", () => {
  test.each([
    ["is no object", [], "it is not a JSON object"],
    ["has no id", { nodes: [] }, "it has no id"],
    ["has an id that is a number", { id: 5, nodes: [] }, "it has no id"],
    ["has no nodes", { id: "f" }, "it has no list of nodes"],
    ["has nodes in an object", { id: "f", nodes: {} }, "it has no list of nodes"],
    ["has the same node twice", { id: "f", nodes: [node("a", "if"), node("a", "or")] }, "two nodes have the id 'a'"],
  ] as [string, Value, string][])("%s", (_what, document, reason) => {
    expect(() => readFlow(document)).toThrow(reason);
  });
});

describe("namespacing", () => {
  const namespace = { bundleId: "b", bundleVersion: "1.0", flowId: "main", flowIds: new Set(["main", "sub"]) };
  const named = (...nodes: FlowNode[]) =>
    namespaceFlow(
      { id: "main", name: "", description: "", interfaces: [], nodes, edges: [], entryNode: null },
      namespace,
    );

  test.each([
    ["subflowId", "sub"],
    ["flowId", "sub"],
    ["workflowId", "b@1.0:sub"],
    ["workflow_id", "b:sub"],
  ])("rewrites the %s %s", (field, reference) => {
    const { flow, warnings } = named({ id: "n", type: "subflow", data: { [field]: reference, label: "x" } });
    expect(flow.id).toBe("b@1.0:main");
    expect(flow.nodes[0]?.data).toEqual({ [field]: "b@1.0:sub", label: "x" });
    expect(warnings).toEqual([]);
  });

  test("the first reference that is set counts, and all that are set agree afterwards", () => {
    const { flow } = named({ id: "n", type: "subflow", data: { subflowId: "", flowId: "sub", workflow_id: "other" } });
    expect(flow.nodes[0]?.data).toEqual({ subflowId: "b@1.0:sub", flowId: "b@1.0:sub", workflow_id: "b@1.0:sub" });
  });

  test("a flow may call itself", () => {
    expect(named({ id: "n", type: "subflow", data: { subflowId: "main" } }).warnings).toEqual([]);
  });

  test.each([
    [{ subflowId: "gone" }, "calls the flow 'gone', which is not in the bundle"],
    [{ subflowId: "b@2.0:sub" }, "calls the flow 'b@2.0:sub'"],
    [{}, "names no flow to call"],
  ])("%p stays and is told", (data, warning) => {
    const { flow, warnings } = named({ id: "n", type: "subflow", data: { ...data } });
    expect(flow.nodes[0]?.data).toEqual({ ...data });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(warning);
  });

  test("an agent gets the id of its ReAct workflow, without changing the document", () => {
    const data = { agentConfig: { model: "m" } };
    const { flow } = named({ id: "node 1/ä", type: "agent", data }, { id: "n2", type: "agent", data: {} });
    expect(flow.nodes[0]?.data).toEqual({
      agentConfig: { model: "m", _react_workflow_id: "visual_react_agent_b_1_0_main_node_1_" },
    });
    expect(flow.nodes[1]?.data).toEqual({ agentConfig: { _react_workflow_id: "visual_react_agent_b_1_0_main_n2" } });
    expect(data).toEqual({ agentConfig: { model: "m" } });
  });
});
