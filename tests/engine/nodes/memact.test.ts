import { expect, test } from "bun:test";
import type { JsonObject } from "#core/value.ts";
import { exec, flow, pure } from "#fixtures/bundles.ts";
import { drive } from "../driver.ts";

const outs = ["ok", "delta", "active_memory", "memact_system_prompt"];

function composed(kgResult: JsonObject, memory?: JsonObject): any {
  const composes = flow(
    "f",
    [
      exec("start", "on_flow_start", { out: ["_nothing:any"] }),
      pure("kg", "literal_json", { out: ["value:any"], data: { literalValue: kgResult } }),
      exec("memact", "memact_compose", { in: ["kg_result:any"], out: outs.map((pin) => `${pin}:any`) }),
      exec("end", "on_flow_end", { in: outs.map((pin) => `${pin}:any`) }),
    ],
    [
      "start > memact",
      "memact > end",
      "kg.value -> memact.kg_result",
      ...outs.map((pin) => `memact.${pin} -> end.${pin}`),
    ],
  );
  const input: JsonObject = memory ? { _runtime: { active_memory: memory } } : {};
  const driven = drive(composes, { input });
  expect(driven.error).toBeNull();
  return { output: driven.output, vars: driven.vars };
}

const item = (object: string, more: JsonObject = {}) => ({
  subject: "ex:ada",
  predicate: "schema:name",
  object,
  ...more,
});

test("what the graph answered is in the active memory, and rendered for a model", () => {
  const { output, vars } = composed({
    items: [item("Ada", { provenance: { span_id: "s1" } }), item("ADA"), item("Countess")],
  });
  expect(output).toMatchObject({ ok: true });
  const lines = output.active_memory.current_context.map((record: JsonObject) => record["text"]);
  expect(lines).toEqual([
    "KG: ex:ada —schema:name→ Ada (span:s1)",
    "KG: ex:ada —schema:name→ ADA",
    "KG: ex:ada —schema:name→ Countess",
  ]);
  expect(output.memact_system_prompt).toContain("## CURRENT CONTEXT\n- [");
  expect(output.memact_system_prompt).toContain("## CURRENT TASKS\n(empty)");
  expect(vars._runtime.active_memory).toEqual(output.active_memory);
});

test("an earlier answer makes way, what others wrote stays behind the new", () => {
  const record = (text: string) => ({ id: "ctx_1", text, ts: "26/01/01 00:00:00", created_at: "2026-01-01" });
  const { output } = composed(
    { packets: [item("new")], items: [item("not this")] },
    { version: 1, persona: "I am Tiny", current_context: [record("kg: old"), record("mine"), record(" MINE ")] },
  );
  const lines = output.active_memory.current_context.map((each: JsonObject) => each["text"]);
  expect(lines).toEqual(["KG: ex:ada —schema:name→ new", "mine"]);
  expect(output.delta.current_context.removed).toBe(1);
  expect(output.memact_system_prompt).toContain("## PERSONA\nI am Tiny");
});

test("an answer that is none adds nothing", () => {
  const { output } = composed({ error: "no" });
  expect(output.active_memory.current_context).toEqual([]);
});
