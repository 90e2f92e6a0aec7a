import { expect, test } from "bun:test";
import { parseObject } from "#core/json.ts";
import { toJsonSchema } from "#effects/response-schema.ts";

test("a JSON Schema stays as it is", () => {
  for (const text of [
    '{"type":"object","properties":{"a":{"type":"string"}}}',
    '{"type":["object","null"]}',
    '{"properties":{"type":{"type":"string"}}}',
    '{"$defs":{},"anyOf":[{"type":"object"}]}',
  ]) {
    const schema = parseObject(text);
    expect(toJsonSchema(schema)).toBe(schema);
  }
});

test("an example gives types, descriptions and what is required", () => {
  const example = parseObject(
    '{"choice":"One of the choices","index":0,"sure":0.5,"whole":1.0,"ok":true,"tags":[""],"any":null,"more":{"name":""}}',
  );
  expect(toJsonSchema(example)).toEqual({
    type: "object",
    properties: {
      choice: { type: "string", description: "One of the choices" },
      index: { type: "integer" },
      sure: { type: "number" },
      whole: { type: "number" },
      ok: { type: "boolean" },
      tags: { type: "array", items: { type: "string" } },
      any: {},
      more: {
        type: "object",
        properties: { name: { type: "string" } },
        required: ["name"],
        additionalProperties: false,
      },
    },
    required: ["choice", "index", "sure", "whole", "ok", "tags", "any", "more"],
    additionalProperties: false,
  });
});

test("a field that is called type is not mistaken for a schema's", () => {
  expect(toJsonSchema({ type: "the kind of animal" })).toMatchObject({ properties: { type: { type: "string" } } });
});
