import { describe, expect, test } from "bun:test";
import type { JsonObject, Value } from "#core/value.ts";
import { builtinTypes, literalTypes } from "#engine/nodes/node-types.ts";
import { pureNodes } from "#engine/nodes/pure-nodes.ts";
import { NodeError } from "#engine/pure.ts";
import { exec, flow, pure } from "#fixtures/bundles.ts";
import { drive } from "../driver.ts";
import { evaluate } from "./pure.ts";

/** Contract flow-runtime 8.5: the types that are read. */
const contract = `
  system_datetime path_mux compare and or not
  tools_allowlist tool_parameters provider_catalog provider_models model_catalog edit_json_schema
  get_var get_context var_decl bool_var
  add subtract multiply divide modulo power abs round random_int random_float
  concat split join format string_template uppercase lowercase trim substring length is_empty_string contains replace coalesce
  get set merge make_object make_array make_context make_meta make_scratchpad get_element get_random_element array_map array_filter
  array_length has_tools array_append array_dedup array_concat parse_json stringify_json format_tool_results agent_trace_report break_object`;
const types = contract.trim().split(/\s+/);

describe("data nodes", () => {
  test("are all those of the contract, and each is read when it declares no pins", () => {
    expect([...pureNodes.keys()].sort()).toEqual([...types].sort());
    expect([...builtinTypes].sort()).toEqual([...types].sort());
    expect(literalTypes.size).toBe(6);
  });

  const junk: [string, Value][] = [
    ["nothing", null],
    ["a number", 5],
    ["a text", "junk"],
    ["a list", [1, null, {}]],
    ["an object", { a: [null] }],
    ["an infinity", Infinity],
  ];
  const pins =
    "a b value name text items array object key index default delimiter pattern replacement mode template values vars select in0 start end base exp decimals min max op schema task messages scratchpad tool_results provider".split(
      " ",
    );

  test.each(junk)("given %s on every pin and in every setting answer or refuse with one sentence", (_label, value) => {
    const inputs = Object.fromEntries(pins.map((pin) => [pin, value]));
    const settings =
      "literalValue concatConfig breakConfig toolParametersConfig modelCatalogConfig providerModelsConfig".split(" ");
    const data = Object.fromEntries(settings.map((name) => [name, value]));
    for (const type of types) {
      try {
        const record = evaluate(type, inputs, {
          data,
          vars: { context: value },
          pins: ["a", "b"],
          outputs: ["result"],
        });
        expect({ type, record }).not.toEqual({ type, record: undefined as never });
      } catch (error) {
        expect({ type, isNodeError: error instanceof NodeError }).toEqual({ type, isNodeError: true });
        expect((error as Error).message).not.toMatch(/undefined|\[object|\n/);
      }
    }
  });

  test("given a value of ten thousand levels on every pin answer or refuse, and never fall over", () => {
    let deep: Value = "x";
    for (let level = 0; level < 10_000; level++) deep = level % 2 ? [deep] : { a: deep };
    const inputs = Object.fromEntries(pins.map((pin) => [pin, deep]));
    for (const type of types) {
      try {
        evaluate(type, inputs, { pins: ["a", "b"], vars: { context: { task: deep, messages: deep } } });
      } catch (error) {
        expect({ type, isNodeError: error instanceof NodeError }).toEqual({ type, isNodeError: true });
      }
    }
    expect(() => evaluate("uppercase", { text: deep })).toThrow("the value is nested more than 1000 levels deep");
  });
});

describe("in a flow", () => {
  const end = (pins: string[]) => exec("end", "on_flow_end", { in: pins });
  const outputOf = (nodes: Parameters<typeof flow>[1], lines: string[], random?: () => number) => {
    const all = [exec("start", "on_flow_start"), ...nodes];
    return drive(flow("f", all, ["start > end", ...lines]), random ? { random } : {}).output as JsonObject;
  };

  test("a literal is delivered raw, and a concat of true is 'True' (vector 14)", () => {
    const output = outputOf(
      [
        pure("yes", "literal_boolean", { out: ["value:boolean"], data: { literalValue: true } }),
        pure("five", "literal_number", { out: ["value:number"], data: { literalValue: "5" } }),
        pure("concat", "concat", { in: ["a:string", "b:string"], out: ["result:string"] }),
        end(["said:string", "five:any"]),
      ],
      ["yes.value -> concat.a", "five.value -> concat.b", "concat.result -> end.said", "five.value -> end.five"],
    );
    expect(output).toEqual({ said: "True 5", five: "5", success: true });
  });

  test("a parsed object with a result delivers only that through the pin result (vector 14)", () => {
    const output = outputOf(
      [
        pure("parse", "parse_json", {
          in: ["text:string"],
          out: ["result:object"],
          defaults: { text: '{"result":1,"z":2}' },
        }),
        end(["got:any"]),
      ],
      ["parse.result -> end.got"],
    );
    expect(output).toEqual({ got: 1, success: true });
  });

  test("a random number that feeds two pins is two numbers (vector 15)", () => {
    let next = 0;
    const output = outputOf(
      [pure("random", "random_float", { out: ["result:number"] }), end(["x:number", "y:number"])],
      ["random.result -> end.x", "random.result -> end.y"],
      () => (next += 0.125),
    );
    expect(output).toEqual({ x: 0.125, y: 0.25, success: true });
  });

  test("a data node that refuses fails the step that reads it, with one sentence", () => {
    const driven = drive(
      flow(
        "f",
        [
          exec("start", "on_flow_start"),
          pure("divide", "divide", {
            in: ["a:number", "b:number"],
            out: ["result:number"],
            defaults: { a: 1, b: "0" },
          }),
          exec("say", "answer_user", { in: ["message:string"] }),
        ],
        ["start > say", "divide.result -> say.message"],
      ),
    );
    expect(driven.last).toMatchObject({ kind: "end", status: "failed" });
    expect(driven.error).toContain("division by zero");
  });
});
