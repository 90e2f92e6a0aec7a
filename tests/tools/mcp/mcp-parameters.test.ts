import { expect, test } from "bun:test";
import type { JsonObject } from "#core/value.ts";
import { parametersOf, sentArguments } from "#tools/mcp/mcp-parameters.ts";

const schema: JsonObject = {
  type: "object",
  properties: {
    words: { type: "string", description: "What to say.", minLength: 1 },
    tone: { anyOf: [{ type: "null" }, { type: "string" }], enum: ["low", "high", null] },
    place: { $ref: "#/$defs/Place", description: "Where." },
    times: { type: ["null", "integer"], default: 1 },
    tags: { items: { $ref: "#/$defs/Tag" } },
    lost: { $ref: "#/$defs/Nothing" },
    outside: { $ref: "https://elsewhere.test/schema" },
    anything: true,
  },
  required: ["words", "place"],
  $defs: {
    Place: { type: "object", properties: { near: { $ref: "#/$defs/Place" } } },
    Tag: { type: "string" },
  },
};

test("an argument is the server's schema with references resolved", () => {
  const { words, tone, place, times, tags, lost, outside, anything } = parametersOf(schema);
  expect(words as object).toEqual({ type: "string", description: "What to say.", minLength: 1 });
  expect(tone).toMatchObject({ type: "string", default: null, enum: ["low", "high"] });
  expect(place).toMatchObject({ type: "object", description: "Where.", properties: { near: { type: "object" } } });
  expect(place).not.toHaveProperty("default");
  expect(times).toMatchObject({ type: "integer", default: 1 });
  expect(tags).toMatchObject({ type: "array", items: { type: "string" }, default: null });
  expect([lost?.type, outside?.type, anything?.type]).toEqual(["object", "object", "string"]);
});

test("a schema that refers to itself comes to an end", () => {
  expect(JSON.stringify(parametersOf(schema)).length).toBeLessThan(5_000);
});

test("a schema without properties has no arguments", () => {
  expect(parametersOf({ type: "object" })).toEqual({});
});

test("null is sent only where something must be sent", () => {
  expect(sentArguments({ words: null, tone: null, times: 2 }, schema)).toEqual({ words: null, times: 2 });
});
