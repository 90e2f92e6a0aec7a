import { pyStr } from "#core/python.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import { type NodeContext, type NodeDefinition, configOf, isDataPin } from "#engine/nodes/definition.ts";
import { NodeError } from "#engine/pure.ts";

const permissionNames: Record<string, string> = {
  ...Object.fromEntries(
    ["", "sandbox", "safe", "protected", "restricted", "sandboxed"].map((name) => [name, "sandbox"]),
  ),
  ...Object.fromEntries(["full_access", "full", "unrestricted"].map((name) => [name, "full_access"])),
};

const keywords = new Set(
  (
    "False None True and as assert async await break class continue def del elif else except finally for from global if import in is " +
    "lambda nonlocal not or pass raise return try while with yield"
  ).split(" "),
);

/** Runs its author's code apart from the gateway (contract flow-runtime 2.11). */
const code: NodeDefinition = {
  run(context) {
    const { node, inputs } = context;
    const own = new Set(node.inputs.map((pin) => pin.id));
    // What flows along the edge may be all vars; the private ones are nobody's input.
    const kept = Object.entries(inputs).filter(
      ([key]) => key !== "permissions" && (own.has(key) || !key.startsWith("_")),
    );
    return {
      kind: "effect",
      type: "code",
      payload: { ...sourceOf(node), input: Object.fromEntries(kept), permissions: permissionsOf(context) },
    };
  },
  refusal(result) {
    const record = isObject(result) ? result : {};
    return record["success"] === true
      ? null
      : typeof record["error"] === "string"
        ? record["error"]
        : "The code failed";
  },
};

/** Whole code with a function of a name, or that function's body with one local per pin. */
function sourceOf(node: NodeContext["node"]): JsonObject {
  const { data } = node;
  const functionName =
    typeof data["functionName"] === "string" && data["functionName"] ? data["functionName"] : "transform";
  const language = languageOf(data["language"]);
  const shared = { language, function_name: functionName };
  if (typeof data["code"] === "string" && data["code"].trim()) return { ...shared, source: data["code"] };
  if (typeof data["codeBody"] !== "string") throw new NodeError("it has no code");
  const pins = node.inputs.filter((pin) => isDataPin(pin) && pin.id !== "permissions");
  return { ...shared, source: data["codeBody"], locals: pins.map((pin) => [localName(pin.id), pin.id]) };
}

function languageOf(value: Value | undefined): string {
  if (value === undefined || value === null || value === "") return "python";
  const name = pyStr(value).toLowerCase();
  if (name === "python" || name === "javascript") return name;
  throw new NodeError(`its language '${name}' is not python or javascript`);
}

/** A pin's id as a name of Python. */
export function localName(pin: string): string {
  const name = pin.replace(/[^A-Za-z0-9_]/gu, "_");
  const started = /^[A-Za-z_]/.test(name) ? name : `p_${name}`;
  return keywords.has(started) ? `${started}_` : started;
}

function permissionsOf({ node, inputs }: NodeContext): string {
  const chosen =
    inputs["permissions"] ?? configOf(node, "effectConfig")["permissions"] ?? node.data["permissions"] ?? "";
  const permissions = typeof chosen === "string" ? permissionNames[chosen.trim().toLowerCase()] : undefined;
  if (permissions === undefined) throw new NodeError("'permissions' must be sandbox or full_access");
  return permissions;
}

/** The older form: a whole function, or one expression over the inputs. What goes wrong is its result. */
const functionNode: NodeDefinition = {
  run(context) {
    const { node, inputs } = context;
    const { expression } = node.data;
    const input = Object.fromEntries(Object.entries(inputs).filter(([key]) => !key.startsWith("_")));
    const common = { input, permissions: "sandbox" };
    if (typeof node.data["code"] === "string" && node.data["code"].trim()) {
      return { kind: "effect", type: "code", payload: { ...sourceOf(node), ...common } };
    }
    if (typeof expression !== "string" || !expression.trim()) throw new NodeError("it has no code and no expression");
    const source = `x = _input\ninput = _input\nreturn (${expression.trim()}\n)`;
    const locals = Object.keys(input).map((key) => [localName(key), key]);
    const payload = { language: "python", function_name: "transform", source, locals, ...common };
    return { kind: "effect", type: "code", payload };
  },
  outputs(result) {
    const record = isObject(result) ? result : {};
    if (record["success"] === true) return { result: record["result"] ?? null };
    return { result: { error: record["error"] ?? "The function failed" } };
  },
};

export const codeNodes: [string, NodeDefinition][] = [
  ["code", code],
  ["function", functionNode],
];
