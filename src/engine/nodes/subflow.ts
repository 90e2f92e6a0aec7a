import { type JsonObject, type Value, isObject } from "#core/value.ts";
import { type NodeContext, type NodeDefinition, isDataPin, setting } from "#engine/nodes/definition.ts";
import { lenientBool } from "#core/python.ts";
import { activeMessages } from "#engine/nodes/messages.ts";
import { NodeError } from "#engine/pure.ts";

/** Pins that steer the call and are not input of the child. */
const controlPins = new Set(["inherit_context", "child_session_id", "session_id", "exec-in"]);
const objectPins = ["vars", "input"];

const subflow: NodeDefinition = {
  failsRun: true,
  run(context) {
    const { node } = context;
    const reference = ["subflowId", "flowId", "workflowId", "workflow_id"].map((name) => node.data[name]);
    const workflowId = reference.find((value) => typeof value === "string" && value);
    if (typeof workflowId !== "string") throw new NodeError("it names no flow to call");
    const session = setting(context, "child_session_id", "session_id");
    const payload: JsonObject = { workflow_id: workflowId, vars: childInput(context), async: true, wait: true };
    if (typeof session === "string") payload["session_id"] = session;
    return { kind: "effect", type: "start_subworkflow", payload };
  },
  outputs: (result, node) => childOutputs(result, node),
};

/** An object at `vars` or `input`, then each declared pin that is present; without either the whole input. */
function childInput(context: NodeContext): JsonObject {
  const { inputs, node } = context;
  const declared = node.inputs.filter(isDataPin).map((pin) => pin.id);
  const whole = objectPins.map((name) => inputs[name]).find(isObject);
  const vars: JsonObject = { ...whole };
  const named = declared.filter((id) => !controlPins.has(id) && !objectPins.includes(id));
  for (const id of named) if (Object.hasOwn(inputs, id)) vars[id] = inputs[id] ?? null;
  if (!whole && named.length === 0) {
    for (const [key, value] of Object.entries(inputs))
      if (!controlPins.has(key) && !key.startsWith("_")) vars[key] = value;
  }
  if (lenientBool(setting(context, "inherit_context") ?? false))
    vars["context"] = inheritContext(context, vars["context"]);
  return vars;
}

/** The child's system messages, the parent's, the parent's turns, then what the child brings itself; once each by message id. */
function inheritContext({ execution }: NodeContext, own: Value | undefined): JsonObject {
  const child = isObject(own) ? own : {};
  const ownMessages = (Array.isArray(child["messages"]) ? child["messages"] : []).filter(isObject);
  const parents = activeMessages(execution.vars.root);
  const isSystem = (message: JsonObject) => message["role"] === "system";
  const ordered = [
    ...ownMessages.filter(isSystem),
    ...parents.filter(isSystem),
    ...parents.filter((message) => !isSystem(message)),
    ...ownMessages.filter((message) => !isSystem(message)),
  ];
  const context: JsonObject = { ...child, messages: once(ordered) };
  const attachments = execution.vars.read("context", "attachments");
  if (context["attachments"] === undefined && attachments !== undefined) context["attachments"] = attachments;
  return context;
}

function once(messages: JsonObject[]): JsonObject[] {
  const seen = new Set<string>();
  return messages.filter((message) => {
    const id = isObject(message["metadata"]) ? message["metadata"]["message_id"] : undefined;
    if (typeof id !== "string") return true;
    return !seen.has(id) && seen.add(id) !== undefined;
  });
}

/** `output` is the child's `result` where it has one, else all of its output (contract flow-runtime 2.10). */
function childOutputs(result: Value, node: NodeContext["node"]): JsonObject {
  const stored = isObject(result) ? result : {};
  const child = stored["output"] ?? null;
  const output = isObject(child) && Object.hasOwn(child, "result") ? (child["result"] ?? null) : child;
  const record: JsonObject = { output, child_output: child, sub_run_id: stored["sub_run_id"] ?? null };
  const extra = node.outputs.filter(isDataPin).filter((pin) => !Object.hasOwn(record, pin.id));
  if (isObject(output)) {
    for (const pin of extra) if (Object.hasOwn(output, pin.id)) record[pin.id] = output[pin.id] ?? null;
  } else if (extra.length === 1 && extra[0]) record[extra[0].id] = output;
  return record;
}

export const subflowNodes: [string, NodeDefinition][] = [["subflow", subflow]];
