import { expect, test } from "bun:test";
import type { Message } from "#models/provider.ts";
import { createToolNames } from "#models/remote/tool-names.ts";

const tools = (...names: string[]) => names.map((name) => ({ name, description: "", parameters: {} }));
const roundTrip = (names: string[], messages: Message[] = []) => {
  const mapping = createToolNames({ tools: tools(...names), messages });
  return names.map((name) => [mapping.toWire(name), mapping.fromWire(mapping.toWire(name))]);
};

test("a name that providers accept stays, another is replaced and found again", () => {
  expect(roundTrip(["read_file", "mcp::lamps::turn on"])).toEqual([
    ["read_file", "read_file"],
    ["mcp_lamps_turn_on", "mcp::lamps::turn on"],
  ]);
});

test("two names that would be the same on the wire stay two, whichever comes first", () => {
  expect(roundTrip(["a::b", "a:b", "a_b"])).toEqual([
    ["a_b_2", "a::b"],
    ["a_b_3", "a:b"],
    ["a_b", "a_b"],
  ]);
});

test("long and strange names get ones of at most 64 accepted characters", () => {
  const long = ["é".repeat(100), `${"x".repeat(64)}1`, `${"x".repeat(64)}2`, "::", "…"];
  const names = roundTrip(long);
  for (const [wire, back] of names) {
    expect(wire).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
    expect(long).toContain(back as string);
  }
  expect(new Set(names.map(([wire]) => wire)).size).toBe(long.length);
});

test("names that only old messages mention are mapped too, and an unknown one comes back as it is", () => {
  const old: Message = {
    role: "assistant",
    content: "",
    tool_calls: [{ call_id: "1", name: "mcp::gone::tool", arguments: {} }],
  };
  const mapping = createToolNames({ messages: [old] });
  expect(mapping.toWire("mcp::gone::tool")).toBe("mcp_gone_tool");
  expect(mapping.fromWire("invented")).toBe("invented");
});
