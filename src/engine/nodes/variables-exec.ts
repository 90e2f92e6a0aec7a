import { parseObject } from "#core/json.ts";
import { isoTime } from "#core/time.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import { type NodeDefinition } from "#engine/nodes/definition.ts";
import { NodeError } from "#engine/pure.ts";

/** The path that a graph may write: never the engine's own namespaces. */
function writablePath(name: Value | undefined): string[] {
  const text = typeof name === "string" ? name.trim() : "";
  if (!text) throw new NodeError("a variable needs a name");
  if (text.startsWith("_"))
    throw new NodeError(`'${text}' belongs to the engine: names that start with _ cannot be set`);
  const path = text.split(".");
  if (path.some((part) => part === "")) throw new NodeError(`'${text}' is not a variable's path`);
  return path;
}

const setVar: NodeDefinition = {
  run({ execution, node, inputs }) {
    const path = writablePath(inputs["name"]);
    const value = inputs["value"] ?? (Object.hasOwn(inputs, "value") ? null : presetFor(node.inputs));
    execution.vars.set(path, value);
    return { kind: "record", record: { name: path.join("."), value } };
  },
};

/** An absent value is the zero of the pin's type. */
function presetFor(pins: readonly { id: string; type: string }[]): Value {
  const type = pins.find((pin) => pin.id === "value")?.type;
  if (type === "boolean") return false;
  if (type === "number") return 0;
  return type === "string" ? "" : null;
}

const setVars: NodeDefinition = {
  run({ execution, inputs }) {
    const updates = updatesOf(inputs["updates"]);
    // All names are looked at before any is written.
    const writes = Object.entries(updates).map(([name, value]) => ({ path: writablePath(name), value }));
    for (const { path, value } of writes) execution.vars.set(path, value);
    return { kind: "record", record: { updates } };
  },
};

function updatesOf(raw: Value | undefined): JsonObject {
  if (raw === undefined || raw === null || raw === "") return {};
  if (isObject(raw)) return raw;
  try {
    if (typeof raw === "string") return parseObject(raw);
  } catch {
    // Told below.
  }
  throw new NodeError("'updates' must be an object, or JSON text of one");
}

const setVarProperty: NodeDefinition = {
  run({ execution, inputs }) {
    const path = writablePath(inputs["name"]);
    const key = inputs["key"];
    if (typeof key !== "string" || !key) throw new NodeError("'key' must be a name");
    const current = execution.vars.read(...path);
    const value = { ...(isObject(current) ? current : {}), [key]: inputs["value"] ?? null };
    execution.vars.set(path, value);
    return { kind: "record", record: { value } };
  },
};

const addMessage: NodeDefinition = {
  run({ execution, node, inputs }) {
    const role = typeof inputs["role"] === "string" && inputs["role"] ? inputs["role"] : "user";
    const content = inputs["content"];
    const message: JsonObject = {
      role,
      content:
        typeof content === "string"
          ? content
          : content === undefined || content === null
            ? ""
            : JSON.stringify(content),
      timestamp: isoTime(execution.now()),
      metadata: { message_id: `msg_${execution.newId().replaceAll("-", "")}` },
    };
    if (!Array.isArray(execution.vars.peek("context", "messages"))) execution.vars.set(["context", "messages"], []);
    execution.vars.append(["context", "messages"], message);
    const record: JsonObject = { message };
    // The conversation is copied into the record only when somebody reads it there: a record must not grow with every message.
    if (node.referenced.has("context")) record["context"] = execution.vars.read("context") ?? null;
    if (node.referenced.has("messages")) record["messages"] = execution.vars.read("context", "messages") ?? null;
    if (node.referenced.has("task")) record["task"] = execution.vars.peek("context", "task") ?? null;
    return { kind: "record", record };
  },
};

export const variableNodes: [string, NodeDefinition][] = [
  ["set_var", setVar],
  ["set_vars", setVars],
  ["set_var_property", setVarProperty],
  ["add_message", addMessage],
];
