import { describe, expect, test } from "bun:test";
import type { JsonObject } from "#core/value.ts";
import { type TestFlow, exec, flow, pure } from "#fixtures/bundles.ts";
import { listener } from "#fixtures/sample-flows.ts";
import { drive, epochMs, rows } from "../driver.ts";

const start = exec("start", "on_flow_start");
const end = exec("end", "on_flow_end");
const emitted = () => ({ status: "completed" as const, result: { delivered: 0, delivered_to: [] } });
const envelope = (n: number): JsonObject => ({ event_id: `e${n}`, name: "ping", scope: "session", payload: { n } });

describe("on_event", () => {
  test("answers each event and waits again with the same wait key (vector 8)", () => {
    const driven = drive(listener, {
      compile: { entry: "on", workflowId: "visual_event_listener_f_on" },
      answers: [envelope(1), envelope(2)],
      restore: true,
    });
    expect(rows(driven.records)).toEqual([
      "on wait_event started",
      "on wait_event waiting",
      ...Array.from({ length: 2 }, () => [
        "on resume completed",
        "pong answer_user started",
        "pong answer_user completed",
        "on wait_event started",
        "on wait_event waiting",
      ]).flat(),
    ]);
    expect(driven.last.kind).toBe("wait");
    expect(driven.execution.wait).toMatchObject({ reason: "event", wait_key: "evt:session:s1:ping" });
    const said = driven.records.filter(
      (record) => record.effect?.type === "answer_user" && record.status === "completed",
    );
    expect(said.map((record) => (record.result as JsonObject)["message"])).toEqual(["1", "2"]);
    const waits = driven.records.filter((record) => record.status === "waiting");
    expect(new Set(waits.map((record) => record.step_id)).size).toBe(3);
  });

  test.each([
    [{ name: "ping", scope: "workflow" }, "evt:workflow:w:ping"],
    [{ name: "ping", scope: "run" }, "evt:run:run-1:ping"],
    [{ name: "ping", scope: "global" }, "evt:global:global:ping"],
    [{ name: "ping", scope: "everywhere" }, "evt:session:s1:ping"],
    [{ name: "  " }, "evt:session:s1:*"],
    [{ event_name: "old" }, "evt:session:s1:old"],
  ])("with the settings %j waits on %s", (eventConfig, key) => {
    const document = flow("f", [exec("on", "on_event", { data: { eventConfig } })], []);
    expect(drive(document, { compile: { workflowId: "w" } }).execution.wait?.wait_key).toBe(key);
  });

  test("without anything behind it consumes the event and waits again", () => {
    const document = flow("f", [exec("on", "on_event", { data: { eventConfig: { name: "ping" } } })], []);
    const driven = drive(document, { answers: [envelope(1)], restore: true });
    expect(rows(driven.records)).toEqual([
      "on wait_event started",
      "on wait_event waiting",
      "on resume completed",
      "on wait_event started",
      "on wait_event waiting",
    ]);
  });
});

describe("emit_event", () => {
  const emit = (data: Record<string, unknown>, defaults: Record<string, unknown> = {}): TestFlow =>
    flow(
      "f",
      [start, exec("emit", "emit_event", { in: ["name:string", "scope:string", "payload:any"], defaults, data }), end],
      ["start > emit", "emit > end"],
    );

  test("carries name, scope, an object as payload and an id of its own", () => {
    const driven = drive(emit({}, { name: "done", payload: 5 }), { effects: { emit_event: emitted } });
    expect(driven.effects[0]).toEqual({
      type: "emit_event",
      payload: {
        type: "emit_event",
        name: "done",
        scope: "session",
        payload: { value: 5 },
        event_id: "run-1:emit:1",
        resume_to_node: "end",
      },
      result_key: "_temp.effects.emit",
    });
  });

  test("takes its name from the settings where the pin is empty, and an unknown scope for the session", () => {
    const { effects } = drive(emit({ effectConfig: { name: "cfg", scope: "nowhere" } }), {
      effects: { emit_event: emitted },
    });
    expect(effects[0]?.payload).toMatchObject({ name: "cfg", scope: "session", payload: {} });
  });

  test("without a name fails at its node", () => {
    expect(drive(emit({}), { effects: { emit_event: emitted } }).error).toContain("Node 'emit' (emit_event)");
  });

  test("repeated in a loop has a new id each time", () => {
    const loop = flow(
      "f",
      [
        start,
        exec("for", "for", {
          in: ["start:number", "end:number"],
          exec: ["loop", "done"],
          defaults: { start: 0, end: 3 },
        }),
        exec("emit", "emit_event", { in: ["name:string"], defaults: { name: "tick" } }),
        end,
      ],
      ["start > for", "for[loop] > emit", "for[done] > end"],
    );
    const { effects } = drive(loop, { effects: { emit_event: emitted }, restore: true });
    expect(effects.map((effect) => effect.payload["event_id"])).toEqual([
      "run-1:emit:1",
      "run-1:emit:2",
      "run-1:emit:3",
    ]);
  });
});

describe("time", () => {
  const delay = (defaults: Record<string, unknown>, durationType?: string) => {
    const document = flow(
      "f",
      [
        start,
        exec("wait", "wait_until", {
          in: ["duration:any"],
          defaults,
          ...(durationType ? { data: { effectConfig: { durationType } } } : {}),
        }),
        end,
      ],
      ["start > wait", "wait > end"],
    );
    const driven = drive(document, { restore: true });
    const waiting = driven.records.find((record) => record.status === "waiting");
    const until = (waiting?.result as { wait: { until: string } } | undefined)?.wait.until;
    return { driven, seconds: until === undefined ? null : (Date.parse(until) - epochMs) / 1000 };
  };

  test.each([
    [5, undefined, 5],
    [1.5, "minutes", 90],
    [2, "hours", 7200],
    ["3", "seconds", 3],
    ["2026-01-01T00:01:00Z", "timestamp", 60],
    ["2026-01-01T00:01:00", "timestamp", 60],
  ])("a delay of %p %s waits %d seconds", (duration, unit, expected) => {
    expect(delay({ duration }, unit).seconds).toBe(expected);
  });

  test.each([
    [0, undefined],
    ["soon", undefined],
    [-5, undefined],
    ["2020-01-01T00:00:00Z", "timestamp"],
  ])("a delay of %p %s does not wait", (duration, unit) => {
    const { driven, seconds } = delay({ duration }, unit);
    expect(seconds).toBeNull();
    expect(driven.last).toMatchObject({ kind: "end", status: "completed" });
  });

  test("a delay until a time that nobody can read fails", () => {
    expect(delay({ duration: "tomorrow" }, "timestamp").driven.error).toContain("tomorrow");
  });

  test("waking leaves no record of its own", () => {
    expect(rows(delay({ duration: 1 }).driven.records)).toEqual([
      "wait wait_until started",
      "wait wait_until waiting",
      "end - completed",
      "status completed",
    ]);
  });

  const schedule = (eventConfig: Record<string, unknown>, lines: string[] = ["at > say"]) =>
    flow(
      "f",
      [
        exec("at", "on_schedule", { out: ["timestamp:string"], data: { eventConfig } }),
        exec("say", "answer_user", { in: ["message:any"] }),
      ],
      [...lines, "at.timestamp -> say.message"],
      "at",
    );

  test("a one-shot schedule tells the time at which it fired, and ends", () => {
    const driven = drive(schedule({ schedule: "2026-01-01T00:00:30Z" }), { restore: true });
    expect(driven.output).toMatchObject({ success: true, result: { message: "2026-01-01T00:00:30.000000+00:00" } });
  });

  test("a recurrent schedule waits again when its branch has ended", () => {
    const fired: string[] = [];
    try {
      drive(schedule({ schedule: "15s", recurrent: true }), { maxSlices: 4 });
    } catch (error) {
      fired.push(String(error));
    }
    expect(fired.join()).toContain("does not come to an end");
  });

  test("a schedule that is not to recur ends after its branch, also when that is said as text", () => {
    for (const recurrent of [false, "false"]) {
      const driven = drive(schedule({ schedule: "15s", recurrent }), { maxSlices: 10 });
      expect(driven.last).toMatchObject({ kind: "end", status: "completed" });
    }
  });

  test.each(["whenever", "5 parsecs", ""])("the schedule %p fails at its node", (text) => {
    expect(drive(schedule({ schedule: text }), { maxSlices: 3 }).error).toContain("Node 'at' (on_schedule)");
  });
});

describe("waiting for somebody", () => {
  test("wait_event waits on the key as it is and can be answered by a person", () => {
    const document = flow(
      "f",
      [
        start,
        exec("w", "wait_event", {
          in: ["event_key:string", "prompt:string", "choices:array"],
          out: ["event_data:any"],
          defaults: { event_key: "door", prompt: "Open?", choices: ["yes"] },
        }),
        exec("end", "on_flow_end", { in: ["data:any"] }),
      ],
      ["start > w", "w > end", "w.event_data -> end.data"],
    );
    const waiting = drive(document);
    expect(waiting.execution.wait).toEqual({
      reason: "event",
      wait_key: "door",
      until: null,
      resume_to_node: "end",
      result_key: "_temp.effects.w",
      prompt: "Open?",
      choices: ["yes"],
      allow_free_text: true,
      details: null,
    });
    expect(drive(document, { answers: [{ open: true }], restore: true }).output).toEqual({
      data: { open: true },
      success: true,
    });
  });

  test("a wait as the last step completes when it is answered, with a record that says by what", () => {
    const document = flow("f", [start, exec("w", "wait_event")], ["start > w"]);
    const driven = drive(document, { answers: [{ a: 1 }] });
    expect(rows(driven.records)).toEqual([
      "w wait_event started",
      "w wait_event waiting",
      "w resume completed",
      "w - completed",
      "status completed",
    ]);
    expect(driven.records[3]?.result).toEqual({
      completed: true,
      via: "resume",
      wait_reason: "event",
      wait_key: "default",
      output: { success: true, result: { a: 1 } },
    });
  });

  test.each([
    ["warn", "warning"],
    ["ERROR", "error"],
    ["info", "message"],
    [undefined, "message"],
  ])("the level %p of an answer is %s", (level, expected) => {
    const say = exec("say", "answer_user", {
      in: ["message:any", "level:string"],
      defaults: { message: "m", ...(level ? { level } : {}) },
    });
    expect(drive(flow("f", [start, say], ["start > say"])).output).toEqual({
      success: true,
      result: { message: "m", level: expected },
    });
  });

  test.each([
    [{ k: 1 }, "{'k': 1}"],
    [true, "True"],
    [null, ""],
  ])("the answer %j is said as %p", (value, message) => {
    const nodes = [
      start,
      pure("v", "literal_json", { out: ["value:any"], data: { literalValue: value } }),
      exec("say", "answer_user", { in: ["message:any"] }),
    ];
    expect(drive(flow("f", nodes, ["start > say", "v.value -> say.message"])).output).toMatchObject({
      result: { message },
    });
  });
});

test("on_user_request and on_agent_message read what flows in", () => {
  const request = flow("f", [exec("r", "on_user_request", { out: ["message:string"] }), end], ["r > end"]);
  expect(drive(request, { input: { message: "hi" } }).output).toEqual({ message: "hi", context: null, success: true });
  const message = flow("f", [exec("m", "on_agent_message", { out: ["sender:string"] }), end], ["m > end"]);
  expect(drive(message, { input: { message: "hi" } }).output).toMatchObject({ sender: "unknown", message: "hi" });
});
