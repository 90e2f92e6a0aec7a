import { describe, expect, test } from "bun:test";
import { flowInputs, inputSchema } from "#bundles/input-schema.ts";
import { parseJson } from "#core/json.ts";
import type { Value } from "#core/value.ts";

const withStart = (outputs: unknown[], pinDefaults: object = {}, type = "on_flow_start"): Value =>
  parseJson(
    JSON.stringify({
      id: "f",
      nodes: [
        { id: "x", type: "if", data: {} },
        { id: "s", type, data: { outputs, pinDefaults } },
      ],
    }),
  );
const pin = (id: string, type: string, label = id) => ({ id, label, type });

test("inputs are the data pins of the start node, with the defaults that it has", () => {
  const outputs = [
    pin("exec-out", "execution"),
    pin("exec", "any"),
    pin("name", "string", "Your name"),
    { id: "n" },
    "junk",
    {},
  ];
  expect(flowInputs(withStart(outputs, { name: null, other: 1 }))).toEqual([
    { id: "name", label: "Your name", type: "string", default: null },
    { id: "n", label: "n", type: "any" },
  ]);
});

test.each([[null], [[]], [{}], [{ nodes: [null, 5, { id: "a" }] }], [undefined]] as [Value | undefined][])(
  "a document like %p has no inputs",
  (document) => expect(flowInputs(document)).toEqual([]),
);

test("a start node is known by its enum name too", () => {
  expect(flowInputs(withStart([pin("a", "string")], {}, "NodeType.ON_FLOW_START"))).toHaveLength(1);
});

test("the public shape tells what is required and what has a default", () => {
  const inputs = flowInputs(withStart([pin("name", "string", "Your name"), pin("count", "number")], { count: 3 }));
  expect(inputSchema(inputs)).toEqual({
    version: 1,
    inputs: [
      {
        id: "name",
        label: "Your name",
        type: "string",
        required: true,
        schema: { type: "string", title: "Your name", "x-abstract-type": "string" },
      },
      {
        id: "count",
        label: "count",
        type: "number",
        default: 3,
        required: false,
        schema: { type: "number", default: 3, "x-abstract-type": "number" },
      },
    ],
    defaults: { count: 3 },
    input_data_schema: {
      type: "object",
      additionalProperties: true,
      properties: {
        name: { type: "string", title: "Your name", "x-abstract-type": "string" },
        count: { type: "number", default: 3, "x-abstract-type": "number" },
      },
      required: ["name"],
    },
  });
  expect(inputSchema([]).input_data_schema).not.toHaveProperty("required");
});

describe("the schema of a pin", () => {
  const image = {
    type: "object",
    properties: { $artifact: { type: "string" } },
    required: ["$artifact"],
    "x-abstract-artifact-modality": "image",
  };
  const any = { type: "object", properties: { $artifact: { type: "string" } }, required: ["$artifact"] };

  test.each([
    ["text", { type: "string" }],
    ["provider", { type: "string" }],
    ["provider_text", { type: "string" }],
    ["model_image", { type: "string" }],
    ["workspace_folder", { type: "string" }],
    ["Markdown", { type: "string" }],
    ["float", { type: "number" }],
    ["int", { type: "integer" }],
    ["boolean", { type: "boolean" }],
    ["list", { type: "array" }],
    ["json", { type: "object" }],
    ["artifact", any],
    ["artifact_image", image],
    ["artifacts", { type: "array", items: any }],
    ["artifacts_image", { type: "array", items: image }],
    ["artifact_smell", {}],
    ["models", {}],
    ["tools", {}],
    ["constructor", {}],
  ])("of type %s", (type, schema) => {
    const [input] = inputSchema(flowInputs(withStart([pin("a", type)]))).inputs;
    expect(input?.schema).toEqual({ ...schema, "x-abstract-type": type });
  });

  test("is its own when it has one", () => {
    const own = { type: "string", enum: ["a"] };
    const [input] = inputSchema(flowInputs(withStart([{ ...pin("a", "object"), schema: own }]))).inputs;
    expect(input?.schema).toEqual({ ...own, "x-abstract-type": "object" });
  });
});
