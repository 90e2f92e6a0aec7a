import { describe, expect, test } from "bun:test";
import type { Value } from "#core/value.ts";
import { type TestFlow, exec, flow, pure } from "#fixtures/bundles.ts";
import { type DriveOptions, drive, rows, says } from "./driver.ts";

/** A flow, what is put in, and the whole ledger and end that must come out. */
interface Golden {
  name: string;
  flow: TestFlow;
  options?: DriveOptions;
  rows: string[];
  output?: Value;
  error?: string;
}

const start = exec("start", "on_flow_start");
const end = exec("end", "on_flow_end");
const literal = (id: string, type: string, value: unknown) =>
  pure(id, type, { out: ["value:any"], data: { literalValue: value } });
const answer = (id: string, message?: string) =>
  exec(id, "answer_user", {
    in: ["message:string", "level:string"],
    out: ["message:string", "level:string"],
    ...(message === undefined ? {} : { defaults: { message } }),
  });
const endWith = (...pins: string[]) => exec("end", "on_flow_end", { in: pins });
const getVar = (id: string, name: string) =>
  pure(id, "get_var", { in: ["name:string"], out: ["value:any"], defaults: { name } });
const setVar = (id: string, name: string) =>
  exec(id, "set_var", { in: ["name:string", "value:any"], out: ["value:any"], defaults: { name } });

const goldens: Golden[] = [
  {
    name: "a start pin's default reaches data edges and is not a variable (vector 1)",
    flow: flow(
      "f",
      [
        exec("start", "on_flow_start", { out: ["name:string"], defaults: { name: "Ada" } }),
        getVar("get", "name"),
        endWith("edge:any", "variable:any"),
      ],
      ["start > end", "start.name -> end.edge", "get.value -> end.variable"],
    ),
    rows: ["end - completed", "status completed"],
    output: { edge: "Ada", variable: null, success: true },
  },
  {
    name: "a null that was put in is kept and not replaced by the default",
    flow: flow(
      "f",
      [exec("start", "on_flow_start", { out: ["name:string"], defaults: { name: "Ada" } }), endWith("name:any")],
      ["start > end", "start.name -> end.name"],
    ),
    options: { input: { name: null } },
    rows: ["end - completed", "status completed"],
    output: { name: null, success: true },
  },
  {
    name: "a loop with an unchanged prompt calls the model each time (vector 2, improved)",
    flow: flow(
      "f",
      [
        start,
        exec("for", "for", {
          in: ["start:number", "end:number"],
          out: ["i:number"],
          exec: ["loop", "done"],
          defaults: { start: 0, end: 3 },
        }),
        exec("llm", "llm_call", { in: ["prompt:string"], out: ["response:string"], defaults: { prompt: "again" } }),
        end,
      ],
      ["start > for", "for[loop] > llm", "for[done] > end"],
    ),
    options: { effects: { llm_call: says("yes") } },
    rows: [
      ...Array.from({ length: 3 }, () => ["llm llm_call started", "llm llm_call completed"]).flat(),
      "end - completed",
      "status completed",
    ],
  },
  {
    name: "a question is started, waiting and resumed (vector 5)",
    flow: flow(
      "f",
      [start, exec("ask", "ask_user", { in: ["prompt:string"], out: ["response:string"] }), endWith("response:string")],
      ["start > ask", "ask > end", "ask.response -> end.response"],
    ),
    options: { answers: [{ response: "blue" }] },
    rows: [
      "ask ask_user started",
      "ask ask_user waiting",
      "ask resume completed",
      "end - completed",
      "status completed",
    ],
    output: { response: "blue", success: true },
  },
  {
    name: "an answer without a response leaves the question in its place",
    flow: flow(
      "f",
      [
        start,
        exec("ask", "ask_user", { in: ["prompt:string"], out: ["response:string"], defaults: { prompt: "Name?" } }),
        endWith("response:string"),
      ],
      ["start > ask", "ask > end", "ask.response -> end.response"],
    ),
    options: { answers: [{ note: "nothing" }] },
    rows: [
      "ask ask_user started",
      "ask ask_user waiting",
      "ask resume completed",
      "end - completed",
      "status completed",
    ],
    output: { response: "[User prompt: Name?]", success: true },
  },
  {
    name: "a question without a prompt fails the run",
    flow: flow(
      "f",
      [start, exec("ask", "ask_user", { in: ["prompt:string"], defaults: { prompt: "" } }), end],
      ["start > ask", "ask > end"],
    ),
    rows: ["ask ask_user started", "ask ask_user failed", "status failed"],
    error: "Effect failed after 1 attempts:",
  },
  {
    name: "an answer as the last step ends the run without a completion record (vector 6)",
    flow: flow("f", [start, answer("say", "bye")], ["start > say"]),
    rows: ["say answer_user started", "say answer_user completed", "status completed"],
    output: { success: true, result: { message: "bye", level: "message" } },
  },
  {
    name: "a delay as the last step completes when its time has come (vector 7, improved)",
    flow: flow(
      "f",
      [start, exec("wait", "wait_until", { in: ["duration:number"], defaults: { duration: 5 } })],
      ["start > wait"],
    ),
    rows: ["wait wait_until started", "wait wait_until waiting", "wait - completed", "status completed"],
  },
  {
    name: "a delay of nothing goes straight on",
    flow: flow(
      "f",
      [start, exec("wait", "wait_until", { in: ["duration:number"], defaults: { duration: "soon" } }), end],
      ["start > wait", "wait > end"],
    ),
    rows: ["wait wait_until started", "wait wait_until completed", "end - completed", "status completed"],
  },
  {
    name: "a dead end inside a sequence goes to the next branch (vector 10)",
    flow: flow(
      "f",
      [start, exec("seq", "sequence", { exec: ["then:0", "then:1"] }), answer("first", "one"), endWith("message:any")],
      ["start > seq", "seq[then:0] > first", "seq[then:1] > end", "first.message -> end.message"],
    ),
    rows: ["first answer_user started", "first answer_user completed", "end - completed", "status completed"],
    output: { message: "one", success: true },
  },
  {
    name: "on_flow_end inside the first branch of a sequence ends everything (vector 10)",
    flow: flow(
      "f",
      [start, exec("seq", "sequence", { exec: ["then:0", "then:1"] }), end, answer("second", "two")],
      ["start > seq", "seq[then:0] > end", "seq[then:1] > second"],
    ),
    rows: ["end - completed", "status completed"],
  },
  {
    name: "a chosen branch that is not connected completes the run with the branch (vector 11)",
    flow: flow(
      "f",
      [
        start,
        exec("if", "if", { in: ["condition:boolean"], exec: ["true", "false"], defaults: { condition: false } }),
        end,
      ],
      ["start > if", "if[true] > end"],
    ),
    rows: ["if - completed", "status completed"],
    output: { branch: "false", condition: false, success: true },
  },
  {
    name: "an unconnected message leaks in from the start through the ambient output (vector 13)",
    flow: flow("f", [exec("start", "on_flow_start", { out: ["message:string"] }), answer("say")], ["start > say"]),
    options: { input: { message: "hello" } },
    rows: ["say answer_user started", "say answer_user completed", "status completed"],
    output: { success: true, result: { message: "hello", level: "message" } },
  },
  {
    name: "a switch on true takes the case 'True' (vector 14)",
    flow: flow(
      "f",
      [
        start,
        literal("yes", "literal_boolean", true),
        exec("sw", "switch", {
          in: ["value:any"],
          exec: ["case:a", "case:b", "default"],
          data: {
            switchConfig: {
              cases: [
                { id: "a", value: "true" },
                { id: "b", value: "True" },
              ],
            },
          },
        }),
        answer("a", "a"),
        answer("b", "b"),
      ],
      ["start > sw", "sw[case:a] > a", "sw[case:b] > b", "yes.value -> sw.value"],
    ),
    rows: ["b answer_user started", "b answer_user completed", "status completed"],
  },
  {
    name: "a bare value with a result key gives only that when read through 'result' (vector 14)",
    flow: flow(
      "f",
      [
        start,
        pure("parse", "parse_json", {
          in: ["text:string"],
          out: ["result:any"],
          defaults: { text: '{"result":1,"z":2}' },
        }),
        endWith("value:any"),
      ],
      ["start > end", "parse.result -> end.value"],
    ),
    rows: ["end - completed", "status completed"],
    output: { value: 1, success: true },
  },
  {
    name: "a counting while ends with a float (vector 16)",
    flow: flow(
      "f",
      [
        exec("start", "on_flow_start"),
        exec("init", "set_var", { in: ["name:string", "value:number"], defaults: { name: "i", value: 0 } }),
        exec("while", "while", { in: ["condition:boolean"], exec: ["loop", "done"] }),
        getVar("get", "i"),
        literal("three", "literal_number", 3),
        literal("one", "literal_number", 1),
        pure("less", "compare", {
          in: ["a:any", "op:string", "b:any"],
          out: ["result:boolean"],
          defaults: { op: "<" },
        }),
        pure("sum", "add", { in: ["a:number", "b:number"], out: ["result:number"] }),
        setVar("store", "i"),
        endWith("i:number"),
      ],
      [
        "start > init",
        "init > while",
        "while[loop] > store",
        "while[done] > end",
        "get.value -> less.a",
        "three.value -> less.b",
        "less.result -> while.condition",
        "get.value -> sum.a",
        "one.value -> sum.b",
        "sum.result -> store.value",
        "get.value -> end.i",
      ],
    ),
    rows: ["end - completed", "status completed"],
  },
  {
    name: "a switch without a matching case and without default completes with the branch",
    flow: flow(
      "f",
      [
        start,
        exec("sw", "switch", { in: ["value:any"], exec: ["case:a", "default"], defaults: { value: null } }),
        answer("a", "a"),
      ],
      ["start > sw", "sw[case:a] > a"],
    ),
    rows: ["sw - completed", "status completed"],
  },
];

describe("golden runs", () => {
  test.each(goldens.map((golden): [string, Golden] => [golden.name, golden]))("%s", (_name, golden) => {
    const driven = drive(golden.flow, { restore: true, ...golden.options });
    expect(rows(driven.records)).toEqual(golden.rows);
    expect(driven.last.kind).toBe("end");
    if (golden.output !== undefined) expect(driven.output).toEqual(golden.output);
    if (golden.error === undefined) expect(driven.error).toBeNull();
    else expect(driven.error).toContain(golden.error);
  });

  test("the while of vector 16 leaves 3.0, not 3", () => {
    const golden = goldens.find((each) => each.name.includes("vector 16"));
    const { output } = drive(golden?.flow as TestFlow);
    expect(JSON.stringify(output)).toBe('{"i":3.0,"success":true}');
  });

  test("random_float feeding two pins of one node gives two numbers (vector 15)", () => {
    const twice = flow(
      "f",
      [start, pure("rnd", "random_float", { out: ["result:number"] }), endWith("a:number", "b:number")],
      ["start > end", "rnd.result -> end.a", "rnd.result -> end.b"],
    );
    let draws = 0;
    const { output } = drive(twice, { random: () => ++draws / 10 });
    expect(output).toEqual({ a: 0.1, b: 0.2, success: true });
  });
});
