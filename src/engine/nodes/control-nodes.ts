import { pyStr, truthy } from "#core/python.ts";
import { type JsonObject, type Value, float, isObject, numberOf } from "#core/value.ts";
import { closeFrame, frameOf, openFrame, setFrame, takeReturn } from "#engine/control.ts";
import { type NodeContext, type NodeDefinition, type NodeResult, configOf } from "#engine/nodes/definition.ts";
import { ambientOf } from "#engine/reading.ts";
import { NodeError } from "#engine/pure.ts";

const maxIterations = 10_000;

const ifNode: NodeDefinition = {
  run({ inputs }) {
    const condition = inputs["condition"] ?? null;
    const branch = truthy(condition) ? "true" : "false";
    const record = { branch, condition };
    return { kind: "record", record, handle: branch, ambient: record };
  },
};

const switchNode: NodeDefinition = {
  run({ inputs, node }) {
    const value = inputs["value"] ?? null;
    const text = value === null ? "" : pyStr(value);
    const cases = configOf(node, "switchConfig")["cases"];
    const found = (Array.isArray(cases) ? cases : [])
      .filter(isObject)
      .find((each) => pyStr(each["value"] ?? "") === text);
    const branch = found ? `case:${pyStr(found["id"] ?? null)}` : "default";
    const record = { branch, value };
    return { kind: "record", record, handle: branch, ambient: record };
  },
};

/** `then:0`, `then:1` … that are connected, by number. */
function thenHandles(node: NodeContext["node"]): string[] {
  const handles = [...node.next.keys()].filter((handle) => /^then:\d+$/.test(handle));
  return handles.sort((a, b) => Number(a.slice(5)) - Number(b.slice(5)));
}

/** Runs its branches one after the other, in order; `parallel` then goes on at `completed`. */
function stepThrough(kind: "sequence" | "parallel"): NodeDefinition {
  return {
    run({ execution, node }) {
      const frame = takeReturn(execution, node.id) ? frameOf(execution, node.id) : null;
      const branches = thenHandles(node);
      const index = frame ? (numberOf(frame["idx"]) ?? 0) : 0;
      if (!frame) openFrame(execution, node.id, { kind, idx: 0 });
      const branch = branches[index];
      if (branch !== undefined) {
        setFrame(execution, node.id, "idx", index + 1);
        return { kind: "record", record: { branch }, handle: branch };
      }
      return leaveBlock(context(execution, node), kind === "parallel" ? "completed" : "done");
    },
  };
}

function context(execution: NodeContext["execution"], node: NodeContext["node"]): NodeContext {
  return { execution, node, inputs: {} };
}

/** Closes the block and goes on behind it; without an edge the run's last output is what is left. */
function leaveBlock({ execution, node }: NodeContext, handle: string): NodeResult {
  closeFrame(execution, node.id);
  const result = execution.vars.peek("_last_output") ?? null;
  if (node.next.has(handle)) {
    const record = execution.vars.peek("_temp", "node_outputs", node.id) ?? { result };
    return { kind: "record", record, handle };
  }
  return { kind: "record", record: { success: true, result }, handle };
}

const forEach: NodeDefinition = {
  failsRun: true,
  run({ execution, node, inputs }) {
    const isBack = takeReturn(execution, node.id);
    if (!isBack || !frameOf(execution, node.id)) {
      openFrame(execution, node.id, { kind: "loop", idx: 0, items: itemsOf(inputs["items"]) });
    }
    const frame = frameOf(execution, node.id) ?? {};
    const items = Array.isArray(frame["items"]) ? frame["items"] : [];
    const index = numberOf(frame["idx"]) ?? 0;
    if (index >= items.length) return leaveBlock({ execution, node, inputs }, "done");
    setFrame(execution, node.id, "idx", index + 1);
    return iterate(execution, node, { item: items[index] ?? null, index, total: items.length });
  },
};

function itemsOf(value: Value | undefined): Value[] {
  if (Array.isArray(value)) return value;
  return value === undefined || value === null ? [] : [value];
}

function iterate(execution: NodeContext["execution"], node: NodeContext["node"], keys: JsonObject): NodeResult {
  const ambient = ambientOf(execution, node);
  const record = { ...(isObject(ambient) ? ambient : {}), ...keys };
  return { kind: "record", record, handle: "loop", ambient: record };
}

const forNode: NodeDefinition = {
  run({ execution, node, inputs }) {
    const isBack = takeReturn(execution, node.id);
    if (!isBack || !frameOf(execution, node.id)) openFrame(execution, node.id, range(inputs));
    const frame = frameOf(execution, node.id) ?? {};
    const [i = 0, end = 0, step = 1, index = 0, total = 0] = ["i", "end", "step", "index", "total"].map(
      (key) => numberOf(frame[key]) ?? 0,
    );
    if (step > 0 ? i >= end : i <= end) return leaveBlock({ execution, node, inputs }, "done");
    if (index >= maxIterations) return exceeded({ execution, node, inputs }, "for");
    setFrame(execution, node.id, "i", float(i + step));
    setFrame(execution, node.id, "index", index + 1);
    return iterate(execution, node, { i: float(i), index, total });
  },
};

function range(inputs: JsonObject): JsonObject {
  const read = (name: string, preset: number): number => {
    const value = inputs[name];
    if (value === undefined || value === null) return preset;
    const number = numberOf(value) ?? (typeof value === "string" && value.trim() ? Number(value) : Number.NaN);
    if (!Number.isFinite(number)) throw new NodeError(`'${name}' must be a number, not ${pyStr(value)}`);
    return number;
  };
  const start = read("start", 0);
  const end = read("end", 0);
  const step = read("step", 1);
  if (step === 0) throw new NodeError("'step' must not be 0");
  const total = Math.max(0, Math.ceil((end - start) / step));
  return { kind: "for", i: float(start), end: float(end), step: float(step), index: 0, total };
}

/** A block that never ends stops the run with a sentence, or, inside another block, gives the run back to it. */
function exceeded({ execution, node }: NodeContext, kind: string): NodeResult {
  closeFrame(execution, node.id);
  const record = { success: false, error: `${kind} exceeded max_iterations=${maxIterations}`, node: node.id };
  return { kind: "record", record, handle: "exceeded" };
}

const whileNode: NodeDefinition = {
  run({ execution, node, inputs }) {
    const isBack = takeReturn(execution, node.id);
    if (!isBack || !frameOf(execution, node.id)) openFrame(execution, node.id, { kind: "while", iters: 0 });
    const iterations = numberOf(frameOf(execution, node.id)?.["iters"]) ?? 0;
    if (!truthy(inputs["condition"])) return leaveBlock({ execution, node, inputs }, "done");
    if (iterations >= maxIterations) return exceeded({ execution, node, inputs }, "while");
    setFrame(execution, node.id, "iters", iterations + 1);
    const ambient = ambientOf(execution, node);
    const item = isObject(ambient) && ambient["item"] !== undefined ? ambient["item"] : ambient;
    return iterate(execution, node, { item, index: iterations });
  },
};

/** Tells by which door the run came (contract flow-runtime 2.6). */
const joinExec: NodeDefinition = {
  run({ execution, node }) {
    const routes = (Array.isArray(node.data["routes"]) ? node.data["routes"] : []).filter(isObject);
    const from = execution.vars.peek("_temp", "prev", "node_id") ?? null;
    const handle = execution.vars.peek("_temp", "prev", "exec_handle") ?? null;
    const exact = routes.findIndex((route) => route["node"] === from && route["handle"] === handle);
    const sameNode = routes.filter((route) => route["node"] === from);
    const which = exact >= 0 ? exact : sameNode.length === 1 ? routes.indexOf(sameNode[0] as JsonObject) : 0;
    if (exact < 0 && sameNode.length !== 1) {
      execution.vars.append(["_flow_warnings"], `Node '${node.id}' does not know the way from '${pyStr(from)}'`);
    }
    return { kind: "record", record: { which, from, from_handle: handle } };
  },
};

export const controlNodes: [string, NodeDefinition][] = [
  ["if", ifNode],
  ["switch", switchNode],
  ["sequence", stepThrough("sequence")],
  ["parallel", stepThrough("parallel")],
  ["loop", forEach],
  ["for", forNode],
  ["while", whileNode],
  ["join_exec", joinExec],
];
