import { describe, expect, test } from "bun:test";
import { type TestFlow, exec, flow, pure } from "#fixtures/bundles.ts";
import { loop } from "#fixtures/sample-flows.ts";
import { type DriveOptions, drive, says } from "./driver.ts";

/** A run with everything in it: blocks, branches, a model, questions, timers, caught errors, a join. */
const rich: TestFlow = flow(
  "rich",
  [
    exec("start", "on_flow_start", { out: ["n:number"] }),
    exec("seq", "sequence", { exec: ["then:0", "then:1"] }),
    exec("for", "for", {
      in: ["start:number", "end:number"],
      out: ["i:number", "index:number"],
      exec: ["loop", "done"],
      defaults: { start: 0 },
    }),
    pure("mod", "modulo", { in: ["a:number", "b:number"], out: ["result:number"], defaults: { b: 3 } }),
    exec("if", "if", { in: ["condition:any"], exec: ["true", "false"] }),
    exec("llm", "llm_call", { in: ["prompt:string"], out: ["response:string"] }),
    exec("ask", "ask_user", { in: ["prompt:string"], out: ["response:string"], defaults: { prompt: "go on?" } }),
    exec("set", "set_var", { in: ["name:string", "value:any"], defaults: { name: "last.value" } }),
    exec("note", "add_message", { in: ["role:string", "content:string"] }),
    exec("wait", "wait_until", { in: ["duration:number"], defaults: { duration: 1 } }),
    exec("div", "divide", {
      in: ["a:number", "b:number"],
      out: ["result:number"],
      exec: ["exec-out", "on_error"],
      defaults: { a: 1 },
    }),
    exec("say", "answer_user", { in: ["message:any"], out: ["message:string"], defaults: { message: "done" } }),
    pure("get", "get_var", { in: ["name:string"], out: ["value:any"], defaults: { name: "last.value" } }),
    exec("end", "on_flow_end", { in: ["last:any"] }),
  ],
  [
    "start > seq",
    "seq[then:0] > for",
    "seq[then:1] > end",
    "start.n -> for.end",
    "for[loop] > if",
    "for.i -> mod.a",
    "mod.result -> if.condition",
    "if[true] > llm",
    "if[false] > ask",
    "for.i -> llm.prompt",
    "llm > set",
    "llm.response -> set.value",
    "set > note",
    "llm.response -> note.content",
    "note > div",
    "ask > wait",
    "wait > div",
    "for.i -> div.b",
    "div > say",
    "div[on_error] > say",
    "get.value -> end.last",
  ],
);

const options: DriveOptions = {
  input: { n: 7 },
  effects: { llm_call: (effect, call) => says(`${String(effect.payload["prompt"])}#${call}`)(effect, call) },
  answers: [{ response: "a" }, { response: "b" }, { response: "c" }],
};

/** Numbers that look random and are the same each time. */
function sequence(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/** Without the message ids, which are made by `newId` like the step ids. */
const ledger = (given: DriveOptions) => {
  const driven = drive(rich, given);
  expect(driven.error).toBeNull();
  return { records: driven.records, output: driven.output, vars: driven.vars };
};

describe("a run that is cut into slices", () => {
  const whole = ledger(options);

  test("is long enough to be worth cutting", () => {
    expect(whole.records.length).toBeGreaterThan(30);
    expect(whole.output).toMatchObject({ success: true });
  });

  test.each([1, 2, 3, 5, 8])("has the same ledger with slices of %d nodes", (maxNodes) => {
    expect(ledger({ ...options, budget: () => ({ maxNodes }), restore: true })).toEqual(whole);
  });

  test.each([1, 2, 3, 7])("has the same ledger with slices of %d records", (maxRecords) => {
    expect(ledger({ ...options, budget: () => ({ maxRecords }), restore: true })).toEqual(whole);
  });

  test("has the same ledger whatever the slices, for fifty random ways to cut it", () => {
    for (let seed = 1; seed <= 50; seed++) {
      const next = sequence(seed * 7919);
      const budget = () => ({ maxNodes: 1 + Math.floor(next() * 9), maxRecords: 1 + Math.floor(next() * 9) });
      expect(ledger({ ...options, budget, restore: true })).toEqual(whole);
    }
  });

  test("yields at once when its time is over, and goes on later", () => {
    let calls = 0;
    const driven = drive(rich, {
      ...options,
      budget: () => ({ untilMs: calls++ === 0 ? 0 : Number.POSITIVE_INFINITY }),
    });
    expect(driven.slices[0]).toMatchObject({ step: "yield", records: 0 });
    expect(driven.records).toEqual(whole.records);
  });

  test("stays within its budget of records, but for the few of one visit", () => {
    const driven = drive(loop, { input: { end: 50 }, budget: () => ({ maxRecords: 10 }) });
    for (const slice of driven.slices) expect(slice.records).toBeLessThanOrEqual(10 + 3);
  });
});

describe("what a step costs", () => {
  test("does not grow with the number of turns: the ten-thousandth writes as much as the hundredth", () => {
    // Three visits per turn: the loop and two answers.
    const driven = drive(loop, { input: { end: 10_000 }, budget: () => ({ maxNodes: 300 }), restore: false });
    const full = driven.slices.filter((slice) => slice.step === "yield");
    expect(full.length).toBeGreaterThan(90);
    const [early, late] = [full[2], full.at(-2)];
    if (!early || !late) throw new Error("too few slices");
    expect(late.records).toBe(early.records);
    expect(late.ops).toBeLessThanOrEqual(early.ops);
    expect(late.opsBytes).toBeLessThanOrEqual(early.opsBytes * 1.1);
    // A slice writes the last value of each path only, so a hundred turns cost hardly more than one.
    expect(late.ops).toBeLessThan(20);
  });

  test("does not contain the items of the loop again and again", () => {
    const items = Array.from({ length: 2000 }, (_, index) => `item number ${index}`);
    const driven = drive(
      flow(
        "f",
        [
          exec("start", "on_flow_start"),
          pure("items", "literal_json", { out: ["value:any"], data: { literalValue: items } }),
          exec("each", "loop", { in: ["items:array"], out: ["item:any"], exec: ["loop", "done"] }),
          exec("say", "answer_user", { in: ["message:any"] }),
          exec("end", "on_flow_end"),
        ],
        [
          "start > each",
          "items.value -> each.items",
          "each[loop] > say",
          "each.item -> say.message",
          "each[done] > end",
        ],
      ),
      { budget: () => ({ maxNodes: 2 }) },
    );
    const sizes = driven.slices.slice(2, -3).map((slice) => slice.opsBytes);
    expect(sizes.length).toBeGreaterThan(900);
    expect(Math.max(...sizes)).toBeLessThan(2500);
  });

  test("does not contain the conversation again when a message is added to it", () => {
    const driven = drive(
      flow(
        "f",
        [
          exec("start", "on_flow_start"),
          exec("for", "for", {
            in: ["start:number", "end:number"],
            exec: ["loop", "done"],
            defaults: { start: 0, end: 500 },
          }),
          exec("note", "add_message", { in: ["content:string"], defaults: { content: "a line of some length" } }),
          exec("end", "on_flow_end"),
        ],
        ["start > for", "for[loop] > note", "for[done] > end"],
      ),
      { budget: () => ({ maxNodes: 2 }), restore: true },
    );
    const sizes = driven.slices.slice(2, -3).map((slice) => slice.opsBytes);
    expect(Math.max(...sizes)).toBeLessThan(1500);
    expect((driven.vars["context"] as { messages: unknown[] }).messages.length).toBe(500);
  });
});
