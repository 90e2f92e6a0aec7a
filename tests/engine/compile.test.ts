import { describe, expect, test } from "bun:test";
import { AppError } from "#core/errors.ts";
import type { Flow } from "#core/flow.ts";
import { compile } from "#engine/compile.ts";
import { type TestFlow, exec, flow, pure } from "#fixtures/bundles.ts";

const start = exec("start", "on_flow_start");
const end = exec("end", "on_flow_end");
const say = (id: string) => exec(id, "answer_user");
const planOf = (document: TestFlow, options?: Parameters<typeof compile>[1]) =>
  compile(document as unknown as Flow, options);

function refusal(document: TestFlow): string {
  try {
    planOf(document);
  } catch (error) {
    expect(error).toBeInstanceOf(AppError);
    expect((error as AppError).code).toBe("unprocessable");
    return (error as AppError).message;
  }
  throw new Error("the flow was accepted");
}

describe("what runs and what is read", () => {
  const kind = (type: string, data: Record<string, unknown> = {}) => {
    const node = { id: "x", type, position: { x: 0, y: 0 }, data };
    return (
      planOf(flow("f", [start, node, end], ["start > x", "start > end"].slice(1))).nodes.get("x")?.kind ?? "dropped"
    );
  };
  const execPins = { inputs: [{ id: "exec-in", type: "execution" }] };
  const dataPins = { inputs: [{ id: "a", type: "any" }] };

  test.each([
    ["a builtin without pins is read", "add", {}, "pure"],
    ["a builtin with data pins is read", "add", dataPins, "pure"],
    ["a builtin with execution pins is a step (here out of reach)", "add", execPins, "dropped"],
    ["a literal is a constant", "literal_string", {}, "literal"],
    ["a literal stays one whatever its pins", "json_schema", execPins, "literal"],
    ["an unknown type without pins is a step", "something", {}, "dropped"],
    ["an unknown type with data pins only is read", "something", dataPins, "pure"],
    ["get_var without pins is read", "get_var", {}, "pure"],
  ])("%s", (_name, type, data, expected) => {
    expect(kind(type, data)).toBe(expected);
  });
});

describe("the entry", () => {
  test("is the named node when it runs", () => {
    expect(planOf(flow("f", [start, say("a"), end], ["start > a", "a > end"], "a")).entry).toBe("a");
  });

  test("is otherwise the first node that no execution edge leads to", () => {
    const nodes = [say("a"), start, end];
    expect(planOf(flow("f", nodes, ["start > a", "a > end"], null)).entry).toBe("start");
    const data = pure("x", "add", { in: ["a:number"], out: ["result:number"] });
    expect(planOf(flow("f", [data, ...nodes], ["start > a", "a > end"], "x")).entry).toBe("start");
  });

  test("is the first node that runs when all are led to", () => {
    expect(planOf(flow("f", [say("a"), say("b")], ["a > b", "b > a"], null)).entry).toBe("a");
  });

  test("must exist", () => {
    expect(refusal(flow("f", [pure("x", "add", { in: ["a:number"] })], [], null))).toContain("no node that runs");
  });
});

describe("edges", () => {
  test("two ways out of one pin are refused with the node", () => {
    expect(refusal(flow("f", [start, say("a"), say("b")], ["start > a", "start > b"]))).toContain("'start'");
  });

  test.each([
    ["if", "maybe"],
    ["switch", "other"],
    ["loop", "then:0"],
    ["for", "true"],
    ["sequence", "loop"],
    ["parallel", "next"],
  ])("a %s has no branch '%s'", (type, handle) => {
    const document = flow(
      "f",
      [start, exec("x", type, { exec: [handle] }), say("a")],
      ["start > x", `x[${handle}] > a`],
    );
    expect(refusal(document)).toContain(`'${handle}'`);
  });

  test("a plain step has one way out, and on_error", () => {
    const two = flow(
      "f",
      [start, exec("x", "answer_user", { exec: ["exec-out", "second"] }), say("a"), say("b")],
      ["start > x", "x > a", "x[second] > b"],
    );
    expect(refusal(two)).toContain("'x'");
    const caught = flow(
      "f",
      [start, exec("x", "answer_user", { exec: ["exec-out", "on_error"] }), say("a"), say("b")],
      ["start > x", "x > a", "x[on_error] > b"],
    );
    expect(planOf(caught).nodes.get("x")?.next).toEqual(
      new Map([
        ["exec-out", "a"],
        ["on_error", "b"],
      ]),
    );
  });

  test("two data edges into one pin are refused with the pin and the node", () => {
    const document = flow(
      "f",
      [start, pure("x", "literal_json"), pure("y", "literal_json"), say("a")],
      ["start > a", "x.value -> a.message", "y.value -> a.message"],
    );
    expect(refusal(document)).toMatch(/'message'.*'a'/);
  });

  test("an edge to a node that is not there is left out and told", () => {
    const plan = planOf(flow("f", [start, end], ["start > end", "end > ghost"]));
    expect(plan.warnings.join()).toContain("'ghost'");
  });
});

describe("several entries", () => {
  const cross = (data: Record<string, unknown>) =>
    flow(
      "f",
      [
        start,
        exec("if", "if", { in: ["condition:any"], exec: ["true", "false"] }),
        exec("end", "on_flow_end", { in: ["m:string"], defaults: { m: "preset" }, data }),
      ],
      ["start > if", "if[true] > end", "if[false] > end"],
    );
  const route = (handle: string) => ({ key: handle, sourceNodeId: "if", sourceHandle: handle, label: "" });

  test("are led through one join, and pins with sources per entry through a mux", () => {
    const plan = planOf(
      cross({
        entryRoutes: [route("true"), route("false")],
        inputRouteOverrides: { m: { true: { sourceNodeId: "start", sourceHandle: "x" } } },
      }),
    );
    const join = plan.nodes.get("__internal_join_exec__end");
    const mux = plan.nodes.get("__internal_path_mux__end__m");
    expect([join?.kind, join?.next.get("exec-out"), mux?.kind]).toEqual(["exec", "end", "pure"]);
    expect(plan.nodes.get("if")?.next).toEqual(
      new Map([
        ["true", "__internal_join_exec__end"],
        ["false", "__internal_join_exec__end"],
      ]),
    );
    expect(Object.fromEntries(mux?.sources ?? [])).toEqual({
      select: { node: "__internal_join_exec__end", pin: "which" },
      in0: { node: "start", pin: "x" },
    });
    expect(mux?.defaults.get("fallback")).toBe("preset");
    expect(plan.nodes.get("end")?.sources.get("m")).toEqual({ node: "__internal_path_mux__end__m", pin: "out" });
  });

  test.each([
    ["one too few", [route("true")]],
    ["another one", [route("true"), route("maybe")]],
    ["one twice", [route("true"), route("true")]],
  ])("with declared routes that name %s are refused", (_name, entryRoutes) => {
    expect(refusal(cross({ entryRoutes }))).toContain("'end'");
  });
});

describe("what is left out", () => {
  test("nodes out of reach are dropped with a warning; behind a listener they are not worth one", () => {
    const document = flow(
      "b@1:f",
      [start, end, say("lost"), exec("on", "on_event", { data: { eventConfig: { name: "ping" } } }), say("behind")],
      ["start > end", "on > behind"],
    );
    const plan = planOf(document);
    expect([...plan.nodes.keys()]).toEqual(["start", "end"]);
    expect(plan.warnings.filter((warning) => warning.includes("never reached")).join()).toContain("'lost'");
    expect(plan.warnings.join()).not.toContain("'behind'");
    expect(plan.listeners).toEqual([{ node_id: "on", workflow_id: "visual_event_listener_b_1_f_on" }]);
    expect(plan.flow_id).toBe("f");
    const listener = planOf(document, { entry: "on", workflowId: "visual_event_listener_b_1_f_on" });
    expect([listener.entry, listener.workflow_id, listener.listeners.length]).toEqual([
      "on",
      "visual_event_listener_b_1_f_on",
      0,
    ]);
    expect([...listener.nodes.keys()]).toEqual(["on", "behind"]);
  });

  test("start pins are the data pins of the start node", () => {
    const plan = planOf(
      flow("f", [exec("start", "on_flow_start", { out: ["a:string", "exec:any"] }), end], ["start > end"]),
    );
    expect(plan.inputs.map((pin) => pin.id)).toEqual(["a"]);
  });

  test("nodes that cannot run here are told", () => {
    const plan = planOf(
      flow(
        "f",
        [start, exec("legacy", "from_the_future"), exec("image", "generate_image")],
        ["start > legacy", "legacy > image"],
      ),
    );
    expect(plan.warnings).toEqual(["Node 'legacy' (from_the_future) has a type that this build does not know"]);
  });
});
