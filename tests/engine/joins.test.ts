import { describe, expect, test } from "bun:test";
import { exec, flow, pure } from "#fixtures/bundles.ts";
import { drive, rows } from "./driver.ts";

const start = exec("start", "on_flow_start");
const end = exec("end", "on_flow_end");

describe("several ways into one node", () => {
  const ways = (data: Record<string, unknown> = {}) =>
    flow(
      "f",
      [
        exec("start", "on_flow_start", { out: ["which:any"] }),
        exec("if", "if", { in: ["condition:any"], exec: ["true", "false"] }),
        exec("a", "answer_user", { in: ["message:string"], out: ["message:string"], defaults: { message: "by a" } }),
        exec("b", "answer_user", { in: ["message:string"], out: ["message:string"], defaults: { message: "by b" } }),
        exec("end", "on_flow_end", { in: ["via:string"], defaults: { via: "neither" }, data }),
      ],
      ["start > if", "start.which -> if.condition", "if[true] > a", "if[false] > b", "a > end", "b > end"],
    );
  const routes = {
    entryRoutes: [
      { key: "one", sourceNodeId: "a", sourceHandle: "exec-out", label: "A" },
      { key: "two", sourceNodeId: "b", sourceHandle: "exec-out", label: "B" },
    ],
    inputRouteOverrides: {
      via: { one: { sourceNodeId: "a", sourceHandle: "message" }, two: { sourceNodeId: "b", sourceHandle: "message" } },
    },
  };

  test.each([
    [true, "by a"],
    [false, "by b"],
  ])("a pin reads the source that belongs to its door (%p)", (which, via) => {
    expect(drive(ways(routes), { input: { which }, restore: true }).output).toEqual({ via, success: true });
  });

  test("a door without a source of its own takes the normal value of the pin", () => {
    const partly = { ...routes, inputRouteOverrides: { via: { one: routes.inputRouteOverrides.via.one } } };
    expect(drive(ways(partly), { input: { which: false } }).output).toEqual({ via: "neither", success: true });
  });

  test.each([
    [true, "yes"],
    [false, "no"],
  ])("two branches of one node are two doors (%p)", (which, via) => {
    const literal = (id: string) => pure(id, "literal_string", { out: ["value:string"], data: { literalValue: id } });
    const door = (handle: string) => ({ key: handle, sourceNodeId: "if", sourceHandle: handle, label: handle });
    const from = (id: string) => ({ sourceNodeId: id, sourceHandle: "value" });
    const data = {
      entryRoutes: [door("true"), door("false")],
      inputRouteOverrides: { via: { true: from("yes"), false: from("no") } },
    };
    const document = flow(
      "f",
      [
        exec("start", "on_flow_start", { out: ["which:any"] }),
        exec("if", "if", { in: ["condition:any"], exec: ["true", "false"] }),
        literal("yes"),
        literal("no"),
        exec("end", "on_flow_end", { in: ["via:string"], data }),
      ],
      ["start > if", "start.which -> if.condition", "if[true] > end", "if[false] > end"],
    );
    expect(drive(document, { input: { which } }).output).toEqual({ via, success: true });
  });

  test("joins leave no record", () => {
    const driven = drive(ways(routes), { input: { which: true } });
    expect(rows(driven.records)).toEqual([
      "a answer_user started",
      "a answer_user completed",
      "end - completed",
      "status completed",
    ]);
  });

  test("a node that its own loop body leads back to is entered by two doors", () => {
    const cycle = flow(
      "f",
      [
        start,
        exec("ask", "ask_user", { in: ["prompt:string"], out: ["response:string"], defaults: { prompt: "more?" } }),
        pure("is", "compare", {
          in: ["a:any", "op:string", "b:any"],
          out: ["result:any"],
          defaults: { op: "==", b: "yes" },
        }),
        exec("if", "if", { in: ["condition:any"], exec: ["true", "false"] }),
        end,
      ],
      [
        "start > ask",
        "ask > if",
        "ask.response -> is.a",
        "is.result -> if.condition",
        "if[true] > ask",
        "if[false] > end",
      ],
    );
    const driven = drive(cycle, {
      restore: true,
      answers: [{ response: "yes" }, { response: "yes" }, { response: "no" }],
    });
    expect(rows(driven.records).filter((row) => row === "ask ask_user waiting").length).toBe(3);
    expect(driven.last).toMatchObject({ kind: "end", status: "completed" });
    const keys = driven.records.filter((record) => record.status === "started").map((record) => record.idempotency_key);
    expect(new Set(keys).size).toBe(3);
  });
});
