import { strip } from "#core/python-text.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import { configOf, isDataPin } from "#engine/nodes/definition.ts";
import { asObject, namesIn } from "#engine/nodes/pins.ts";
import type { PureNode } from "#engine/pure.ts";

const toolsAllowlist: PureNode = (_inputs, { node }) => ({ tools: [...new Set(namesIn(node.data["literalValue"]))] });

/** One call of the configured tool with the node's pins as arguments; each pin is echoed. Null arguments are left out. */
const toolParameters: PureNode = (inputs, { node }) => {
  const { tool, name } = configOf(node, "toolParametersConfig");
  const pins = node.inputs.filter(isDataPin).map((pin) => pin.id.trim());
  const echoed = pins
    .filter((pin) => pin !== "")
    .map((pin): [string, Value] => [pin, Object.hasOwn(inputs, pin) ? (inputs[pin] ?? null) : null]);
  const given = echoed.filter(([, value]) => value !== null);
  const call = { name: strip(textOr(tool, textOr(name, ""))), arguments: Object.fromEntries(given) };
  return { ...Object.fromEntries(echoed), tool_call: call };
};

function textOr(value: Value | undefined, preset: string): string {
  return typeof value === "string" && value !== "" ? value : preset;
}

/*
 * The catalogue nodes. The engine does no I/O, so it cannot ask the model registry in the middle of a flow: the lists are what the host or
 * the editor resolved and stored with the node (`providers`, `models`), narrowed by the allowlists on the pins or in the configuration.
 * Without stored lists the allowlists stand for themselves, and without those the lists are empty.
 */

function listOf(stored: JsonObject, inputs: JsonObject, name: "providers" | "models"): string[] {
  const pinned = namesIn(inputs[`allowed_${name}`]);
  const allowed = pinned.length > 0 ? pinned : namesIn(stored[`allowed_${name}`]);
  const known = namesIn(stored[name]);
  if (known.length === 0) return [...new Set(allowed)];
  const accepted = new Set(allowed.map((each) => each.toLowerCase()));
  return known.filter((each) => accepted.size === 0 || shortNames(each).some((short) => accepted.has(short)));
}

/** A model may be allowed by its full id `provider/model` or by its name alone. */
function shortNames(id: string): string[] {
  const lower = id.toLowerCase();
  return [lower, lower.slice(lower.indexOf("/") + 1)];
}

const providerCatalog: PureNode = (inputs, { node }) => ({
  providers: listOf(configOf(node, "modelCatalogConfig"), inputs, "providers"),
});

const providerModels: PureNode = (inputs, { node }) => {
  const stored = configOf(node, "providerModelsConfig");
  const provider = strip(textOr(inputs["provider"], textOr(stored["provider"], "")));
  return { provider, models: provider === "" ? [] : listOf(stored, inputs, "models") };
};

/** All pairs, and the one at `index` as `pair`, `provider` and `model`. */
const modelCatalog: PureNode = (inputs, { node }) => {
  const stored = configOf(node, "modelCatalogConfig");
  const models = listOf(stored, inputs, "models");
  const { index } = inputs;
  const id = (typeof index === "number" && index > 0 ? models[Math.trunc(index)] : undefined) ?? models[0];
  const slash = id?.indexOf("/") ?? -1;
  const provider = id === undefined ? "" : slash < 0 ? textOr(inputs["provider"], "") : id.slice(0, slash);
  const model = id === undefined ? "" : id.slice(slash + 1);
  const pair = id === undefined ? null : { provider, model, id };
  return { providers: listOf(stored, inputs, "providers"), models, pair, provider, model };
};

/** Adds the authored fields to a schema: what is there stays, and of the added ones `required` is kept. */
const editJsonSchema: PureNode = (inputs, { node }) => {
  const base = asObject(inputs["schema"]);
  const added = asObject(node.data["literalValue"]);
  if (Object.keys(base).length === 0) return { schema: added };
  if (Object.keys(added).length === 0) return { schema: base };
  return { schema: extended(base, added) };
};

function extended(base: JsonObject, added: JsonObject): JsonObject {
  const own = asObject(base["properties"]);
  const extra = asObject(added["properties"]);
  const isNew = (name: string) => Object.hasOwn(extra, name) && !Object.hasOwn(own, name);
  const required = new Set([...named(base["required"]), ...named(added["required"]).filter(isNew)]);
  const { required: _, ...rest } = base;
  const schema: JsonObject = {
    ...rest,
    type: textOr(base["type"], textOr(added["type"], "object")),
    properties: { ...extra, ...own },
  };
  if (Array.isArray(base["type"])) schema["type"] = base["type"];
  for (const key of ["$defs", "definitions"]) {
    if (isObject(added[key]) && Object.keys(added[key]).length > 0)
      schema[key] = { ...added[key], ...asObject(base[key]) };
  }
  if (required.size > 0) schema["required"] = [...required];
  return schema;
}

function named(value: Value | undefined): string[] {
  const names = Array.isArray(value) ? value : [];
  return names.filter((name): name is string => typeof name === "string" && strip(name) !== "");
}

export const catalogueNodes: [string, PureNode][] = [
  ["tools_allowlist", toolsAllowlist],
  ["tool_parameters", toolParameters],
  ["provider_catalog", providerCatalog],
  ["provider_models", providerModels],
  ["model_catalog", modelCatalog],
  ["edit_json_schema", editJsonSchema],
];
