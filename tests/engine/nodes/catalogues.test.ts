import { describe } from "bun:test";
import type { Value } from "#core/value.ts";
import { gives } from "./pure.ts";

describe("tools", () => {
  gives("tools_allowlist", [
    [
      {},
      { tools: ["read_file", "web_search"] },
      { data: { literalValue: [" read_file", "web_search", "read_file", "", 5, null] } },
    ],
    [{}, { tools: [] }, { data: { literalValue: "read_file" } }],
    [{}, { tools: [] }],
  ]);
  const tool = { pins: ["path", "limit"], data: { toolParametersConfig: { tool: " read_file " } } };
  gives("tool_parameters", [
    [
      { path: "/x", limit: 5 },
      { path: "/x", limit: 5, tool_call: { name: "read_file", arguments: { path: "/x", limit: 5 } } },
      tool,
    ],
    [
      { path: "/x", limit: null, other: 1 },
      { path: "/x", limit: null, tool_call: { name: "read_file", arguments: { path: "/x" } } },
      tool,
    ],
    [{}, { path: null, limit: null, tool_call: { name: "read_file", arguments: {} } }, tool],
    [
      {},
      { tool_call: { name: "by_name", arguments: {} } },
      { data: { toolParametersConfig: { tool: "", name: "by_name" } } },
    ],
    [{}, { tool_call: { name: "", arguments: {} } }, { data: { toolParametersConfig: { tool: 5 } } }],
    [{ a: 1 }, { tool_call: { name: "", arguments: {} } }],
    [{}, { constructor: null, tool_call: { name: "", arguments: {} } }, { pins: ["constructor"] }],
  ]);
});

describe("catalogues give what was stored with the node", () => {
  const catalog = (config: Value) => ({ data: { modelCatalogConfig: config } });
  gives("provider_catalog", [
    [{}, { providers: [] }],
    [{}, { providers: ["ollama", "OpenAI"] }, catalog({ providers: ["ollama", " OpenAI "] })],
    [{ allowed_providers: ["openai"] }, { providers: ["OpenAI"] }, catalog({ providers: ["ollama", "OpenAI"] })],
    [{}, { providers: ["ollama"] }, catalog({ providers: ["ollama", "x"], allowed_providers: ["ollama"] })],
    [{ allowed_providers: ["ollama", "ollama"] }, { providers: ["ollama"] }],
    [{ allowed_providers: "ollama" }, { providers: [] }, catalog("junk")],
  ]);
  const models = (config: Value) => ({ data: { providerModelsConfig: config } });
  gives("provider_models", [
    [{}, { provider: "", models: [] }, models({ models: ["m1"] })],
    [{ provider: " ollama " }, { provider: "ollama", models: ["m1", "m2"] }, models({ models: ["m1", "m2"] })],
    [{}, { provider: "ollama", models: ["m1"] }, models({ provider: "ollama", allowed_models: ["m1"] })],
    [
      { provider: "ollama", allowed_models: ["M2", "ollama/m3"] },
      { provider: "ollama", models: ["m2", "ollama/m3"] },
      models({ models: ["m1", "m2", "ollama/m3"] }),
    ],
  ]);
  gives("model_catalog", [
    [{}, { providers: [], models: [], pair: null, provider: "", model: "" }],
    [
      { index: 1 },
      {
        providers: ["a"],
        models: ["a/m1", "a/x/m2"],
        pair: { provider: "a", model: "x/m2", id: "a/x/m2" },
        provider: "a",
        model: "x/m2",
      },
      catalog({ providers: ["a"], models: ["a/m1", "a/x/m2"] }),
    ],
    [
      { index: 9, allowed_models: ["m1"] },
      { providers: [], models: ["a/m1"], pair: { provider: "a", model: "m1", id: "a/m1" }, provider: "a", model: "m1" },
      catalog({ models: ["a/m1", "a/m2"] }),
    ],
    [
      { provider: "a" },
      {
        providers: [],
        models: ["bare"],
        pair: { provider: "a", model: "bare", id: "bare" },
        provider: "a",
        model: "bare",
      },
      catalog({ models: ["bare"] }),
    ],
  ]);
});

describe("schemas", () => {
  const added = { properties: { b: { type: "number" }, c: { type: "string" } }, required: ["b", "c", "zz"] };
  const adding = (literalValue: Value) => ({ data: { literalValue } });
  gives("edit_json_schema", [
    [
      { schema: { type: "object", properties: { a: {}, b: { type: "boolean" } }, required: ["a", "b"], title: "T" } },
      {
        schema: {
          type: "object",
          properties: { a: {}, b: { type: "boolean" }, c: { type: "string" } },
          required: ["a", "b", "c"],
          title: "T",
        },
      },
      adding(added),
    ],
    [{}, { schema: added }, adding(added)],
    [{ schema: null }, { schema: {} }, adding(null)],
    [{ schema: { title: "T" } }, { schema: { title: "T" } }, adding({})],
    [
      { schema: { properties: {}, required: [] } },
      { schema: { type: "object", properties: { x: 1 } } },
      adding({ properties: { x: 1 } }),
    ],
    [
      { schema: { type: ["object", "null"], $defs: { A: 1 } } },
      { schema: { type: ["object", "null"], properties: {}, $defs: { A: 1, B: 2 } } },
      adding({ $defs: { A: 9, B: 2 } }),
    ],
  ]);
});
