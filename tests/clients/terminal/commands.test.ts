import { describe, expect, test } from "bun:test";
import { type Order, orderOf } from "#clients/terminal/commands.ts";

describe("a command line", () => {
  test.each<[string, Order]>([
    ["/runs", { kind: "go", screen: "runs" }],
    ["quit", { kind: "quit" }],
    [":q", { kind: "quit" }],
    ["/new", { kind: "new", target: null }],
    ["new coder@2:main", { kind: "new", target: { bundle_id: "coder@2", flow_id: "main" } }],
    ["model openrouter/meta/llama", { kind: "model", model: { provider: "openrouter", model: "meta/llama" } }],
    ["model", { kind: "model", model: null }],
    [
      "run hello name=Ada Lovelace n=3 list=[1]",
      { kind: "run", target: { bundle_id: "hello" }, input: { name: "Ada Lovelace", n: 3, list: [1] } },
    ],
    ["  log  R ", { kind: "log", runId: "R" }],
  ])("%p is understood", (line, order) => {
    expect(orderOf(line)).toEqual(order);
  });

  test.each([
    ["/nonsense", "There is no command '/nonsense'. ? shows those that there are."],
    ["/session", "It is: /session id"],
    ["/model x", "'x' is no provider/model"],
    ["/run hello Ada", "'Ada' is no name=value."],
  ])("%p is refused with the reason", (line, reason) => {
    expect(() => orderOf(line)).toThrow(reason);
  });
});
