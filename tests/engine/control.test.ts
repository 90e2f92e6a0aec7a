import { describe, expect, test } from "bun:test";
import type { Value } from "#core/value.ts";
import { type TestFlow, type TestNode, exec, flow, pure } from "#fixtures/bundles.ts";
import { type DriveOptions, drive, rows } from "./driver.ts";

const start = exec("start", "on_flow_start");
const end = exec("end", "on_flow_end");
const say = (id: string) => exec(id, "answer_user", { in: ["message:any"], out: ["message:string"] });
const list = (id: string, value: unknown) =>
  pure(id, "literal_json", { out: ["value:any"], data: { literalValue: value } });
/** A step without a record of its own in the ledger. */
const pass = exec("pass", "set_var", { in: ["name:string", "value:any"], defaults: { name: "passed", value: true } });
const block = (id: string, type: string, defaults: Record<string, unknown> = {}): TestNode => {
  const shapes: Record<string, { in: string[]; out: string[]; exec: string[] }> = {
    loop: { in: ["items:array"], out: ["item:any", "index:number", "total:number"], exec: ["loop", "done"] },
    for: {
      in: ["start:number", "end:number", "step:number"],
      out: ["i:number", "index:number", "total:number"],
      exec: ["loop", "done"],
    },
    while: { in: ["condition:any"], out: ["item:any", "index:number"], exec: ["loop", "done"] },
    sequence: { in: [], out: [], exec: ["then:0", "then:1", "then:2", "then:10"] },
    parallel: { in: [], out: [], exec: ["then:0", "then:1", "completed"] },
  };
  return exec(id, type, { ...shapes[type], defaults });
};

/** Everything that the run said, in order. */
function spoken(flow: TestFlow, options: DriveOptions = {}): Value[] {
  const driven = drive(flow, { restore: true, ...options });
  expect(driven.error).toBeNull();
  return driven.records
    .filter((record) => record.effect?.type === "answer_user" && record.status === "completed")
    .map((record) => (record.result as { message: Value }).message);
}

describe("blocks", () => {
  test("a loop gives each item with its index and the total", () => {
    const driven = drive(
      flow(
        "f",
        [
          start,
          list("items", ["a", "b"]),
          block("each", "loop"),
          exec("keep", "set_var", {
            in: ["name:string", "value:any"],
            defaults: { name: "seen" },
          }),
          pure("all", "make_array", { in: ["a:any", "b:any", "c:any"], out: ["result:array"] }),
          exec("end", "on_flow_end", {
            in: ["seen:any"],
          }),
          pure("get", "get_var", { in: ["name:string"], out: ["value:any"], defaults: { name: "seen" } }),
        ],
        [
          "start > each",
          "items.value -> each.items",
          "each[loop] > keep",
          "each[done] > end",
          "each.item -> all.a",
          "each.index -> all.b",
          "each.total -> all.c",
          "all.result -> keep.value",
          "get.value -> end.seen",
        ],
      ),
      { restore: true },
    );
    expect(driven.output).toEqual({ seen: ["b", 1, 2], success: true });
  });

  test.each([
    ["an array as it is", ["a", "b"], ["a", "b"]],
    ["nothing for null", null, []],
    ["one turn for a scalar", "abc", ["abc"]],
    ["no turn for an empty list", [], []],
  ])("a loop takes %s", (_name, items, expected) => {
    const flowOf = flow(
      "f",
      [start, list("items", items), block("each", "loop"), say("say"), end],
      ["start > each", "items.value -> each.items", "each[loop] > say", "each[done] > end", "each.item -> say.message"],
    );
    expect(spoken(flowOf)).toEqual(expected);
  });

  test("a loop inside a loop runs its own items for each outer one, and starts afresh every time", () => {
    const nested = flow(
      "f",
      [
        start,
        list("outer-items", ["1", "2"]),
        list("inner-items", ["a", "b"]),
        block("outer", "loop"),
        block("inner", "loop"),
        pure("join", "concat", {
          in: ["a:string", "b:string"],
          out: ["result:string"],
          data: { concatConfig: { separator: "" } },
        }),
        say("say"),
        end,
      ],
      [
        "start > outer",
        "outer-items.value -> outer.items",
        "inner-items.value -> inner.items",
        "outer[loop] > inner",
        "outer[done] > end",
        "inner[loop] > say",
        "outer.item -> join.a",
        "inner.item -> join.b",
        "join.result -> say.message",
      ],
    );
    expect(spoken(nested)).toEqual(["1a", "1b", "2a", "2b"]);
  });

  test("blocks of every kind nest, and each goes on where it was", () => {
    const nested = flow(
      "f",
      [
        start,
        block("seq", "sequence"),
        block("par", "parallel"),
        block("for", "for", { start: 0, end: 2 }),
        say("in-for"),
        exec("fixed", "answer_user", { in: ["message:string"], defaults: { message: "par-2" } }),
        exec("done", "answer_user", { in: ["message:string"], defaults: { message: "par-completed" } }),
        exec("last", "answer_user", { in: ["message:string"], defaults: { message: "seq-10" } }),
      ],
      [
        "start > seq",
        "seq[then:0] > par",
        "seq[then:10] > last",
        "par[then:0] > for",
        "par[then:1] > fixed",
        "par[completed] > done",
        "for[loop] > in-for",
        "for.i -> in-for.message",
      ],
    );
    expect(spoken(nested)).toEqual(["0.0", "1.0", "par-2", "par-completed", "seq-10"]);
  });

  test("a block without an edge behind it completes the run with its last output", () => {
    const driven = drive(
      flow("f", [start, block("for", "for", { start: 0, end: 2 }), pass], ["start > for", "for[loop] > pass"]),
    );
    expect([driven.last.kind, driven.error]).toEqual(["end", null]);
    expect(driven.output).toMatchObject({ success: true, result: { index: 1, total: 2 } });
    expect(rows(driven.records)).toEqual(["for - completed", "status completed"]);
  });

  test("a block whose body is not connected completes the run, as any chosen branch without an edge does", () => {
    const driven = drive(
      flow("f", [start, block("for", "for", { start: 0, end: 2 }), end], ["start > for", "for[done] > end"]),
    );
    expect(rows(driven.records)).toEqual(["for - completed", "status completed"]);
  });

  test("a wait inside a loop comes back into the loop", () => {
    const asking = flow(
      "f",
      [
        start,
        block("for", "for", { start: 0, end: 2 }),
        exec("ask", "ask_user", { in: ["prompt:string"], out: ["response:string"], defaults: { prompt: "?" } }),
        end,
      ],
      ["start > for", "for[loop] > ask", "for[done] > end"],
    );
    const driven = drive(asking, { restore: true, answers: [{ response: "a" }, { response: "b" }] });
    expect(rows(driven.records).filter((row) => row.startsWith("ask resume")).length).toBe(2);
    expect(driven.last.kind).toBe("end");
    expect(driven.execution.node_id).toBe("end");
  });

  test("branches run by their number, not by their text", () => {
    const fixed = (id: string) => exec(id, "answer_user", { in: ["message:string"], defaults: { message: id } });
    const document = flow(
      "f",
      [start, block("seq", "sequence"), fixed("ten"), fixed("two"), fixed("zero")],
      ["start > seq", "seq[then:10] > ten", "seq[then:2] > two", "seq[then:0] > zero"],
    );
    expect(spoken(document)).toEqual(["zero", "two", "ten"]);
  });

  test("an error's way out that leads into the block again starts it afresh", () => {
    const document = flow(
      "f",
      [
        start,
        block("for", "for", { start: 0, end: 2 }),
        exec("llm", "llm_call", { in: ["prompt:any"], exec: ["exec-out", "on_error"] }),
        end,
      ],
      ["start > for", "for[loop] > llm", "llm[on_error] > for", "for[done] > end", "for.i -> llm.prompt"],
    );
    const driven = drive(document, {
      restore: true,
      effects: {
        llm_call: (_effect, call) =>
          call === 1 ? { status: "failed", error: "once" } : { status: "completed", result: { content: "ok" } },
      },
    });
    expect(driven.effects.map((effect) => effect.payload["prompt"])).toEqual(["0.0", "1.0", "0.0", "1.0"]);
  });

  test("blocks that were left by an edge to an outer one leave nothing behind", () => {
    const document = flow(
      "f",
      [
        start,
        block("outer", "for", { start: 0, end: 1 }),
        block("inner", "for", { start: 0, end: 3 }),
        pure("get", "get_var", { in: ["name:string"], out: ["value:any"], defaults: { name: "passed" } }),
        exec("if", "if", { in: ["condition:any"], exec: ["true", "false"] }),
        pass,
        end,
      ],
      [
        "start > outer",
        "outer[loop] > if",
        "outer[done] > end",
        "get.value -> if.condition",
        "if[false] > inner",
        "inner[loop] > pass",
        "pass > outer",
      ],
    );
    const { vars, last } = drive(document, { restore: true });
    expect(last).toMatchObject({ kind: "end", status: "completed" });
    expect((vars["_temp"] as { _control: unknown })._control).toEqual({ stack: [], frames: {} });
  });

  test("a loop that is entered again by an edge starts afresh", () => {
    const twice = flow(
      "f",
      [
        start,
        list("items", ["a", "b"]),
        block("each", "loop"),
        say("say"),
        exec("flag", "set_var", { in: ["name:string", "value:any"], defaults: { name: "again", value: true } }),
        pure("get", "get_var", { in: ["name:string"], out: ["value:any"], defaults: { name: "again" } }),
        exec("if", "if", { in: ["condition:any"], exec: ["true", "false"] }),
        end,
      ],
      [
        "start > each",
        "items.value -> each.items",
        "each[loop] > say",
        "each.item -> say.message",
        "each[done] > if",
        "get.value -> if.condition",
        "if[false] > flag",
        "flag > each",
        "if[true] > end",
      ],
    );
    expect(spoken(twice)).toEqual(["a", "b", "a", "b"]);
  });

  test.each([
    ["downwards with a negative step", { start: 2, end: 0, step: -1 }, ["2.0", "1.0"]],
    ["in fractions", { start: 0, end: 1, step: 0.5 }, ["0.0", "0.5"]],
    ["not at all when the end is behind", { start: 3, end: 0 }, []],
    ["with numbers given as text", { start: "1", end: "3" }, ["1.0", "2.0"]],
  ])("a for counts %s", (_name, defaults, expected) => {
    const counting = flow(
      "f",
      [start, block("for", "for", defaults), say("say"), end],
      ["start > for", "for[loop] > say", "for[done] > end", "for.i -> say.message"],
    );
    expect(spoken(counting)).toEqual(expected);
  });

  test.each([
    ["a step of 0", { start: 0, end: 3, step: 0 }],
    ["an end that is no number", { start: 0, end: "many" }],
  ])("a for with %s fails the run at that node", (_name, defaults) => {
    const driven = drive(flow("f", [start, block("for", "for", defaults), end], ["start > for", "for[done] > end"]));
    expect(driven.last).toMatchObject({ kind: "end", status: "failed" });
    expect(driven.error).toContain("'for'");
  });

  test("a while without an end stops at 10,000 turns and says so", () => {
    const driven = drive(
      flow(
        "f",
        [start, block("while", "while", { condition: true }), pass, end],
        ["start > while", "while[loop] > pass", "while[done] > end"],
      ),
    );
    expect(driven.output).toMatchObject({ success: false, error: expect.stringContaining("max_iterations=10000") });
  });

  test("a for runs exactly 10,000 turns, and not one more", () => {
    const run = (turns: number) =>
      drive(
        flow(
          "f",
          [start, block("for", "for", { start: 0, end: turns }), pass, end],
          ["start > for", "for[loop] > pass", "for[done] > end"],
        ),
      ).output;
    expect(run(10_000)).toMatchObject({ success: true });
    expect(run(10_001)).toMatchObject({ success: false, error: expect.stringContaining("max_iterations=10000") });
  });

  test("a loop has no cap on its items", () => {
    const many = Array.from({ length: 10_050 }, (_, index) => index);
    const driven = drive(
      flow(
        "f",
        [start, list("items", many), block("each", "loop"), pass, exec("end", "on_flow_end", { in: ["index:number"] })],
        ["start > each", "items.value -> each.items", "each[loop] > pass", "each[done] > end"],
      ),
    );
    expect(driven.output).toEqual({ index: 10_049, success: true });
  });

  test.each([
    [false, false],
    [0, false],
    ["", false],
    [[], false],
    [{}, false],
    [null, false],
    ["false", true],
    [[0], true],
    [0.5, true],
  ])("an if on %j is %p, as in Python", (condition, expected) => {
    const driven = drive(
      flow(
        "f",
        [start, list("value", condition), exec("if", "if", { in: ["condition:any"], exec: ["true", "false"] })],
        ["start > if", "value.value -> if.condition"],
      ),
    );
    expect(driven.output).toEqual({ branch: String(expected), condition, success: true });
  });
});
