import { expect, test } from "bun:test";
import { Deltas } from "#runner/deltas.ts";
import type { Delta } from "#runner/runner.ts";

const delta = (text: string, step_id = "s1"): Delta => ({ run_id: "R", node_id: "n", step_id, text });

test("a listener that comes in the middle of a step first hears all that was said, and then the rest", () => {
  const deltas = new Deltas();
  const early: Delta[] = [];
  deltas.listen("R", (each) => early.push(each));
  deltas.emit(delta("Hel"));
  deltas.emit(delta("lo "));
  const late: Delta[] = [];
  deltas.listen("R", (each) => late.push(each));
  deltas.emit(delta("Ada"));
  expect(early).toEqual([delta("Hel"), delta("lo "), delta("Ada")]);
  expect(late).toEqual([{ ...delta("Hello "), whole: true }, delta("Ada")]);
});

test("a step that is over is not told again, and whoever left hears no more", () => {
  const deltas = new Deltas();
  const heard: Delta[] = [];
  const leave = deltas.listen("R", (each) => heard.push(each));
  deltas.emit(delta("one"));
  deltas.end("R", "s1");
  leave();
  deltas.emit(delta("two", "s2"));
  expect(heard).toEqual([delta("one")]);
  const late: Delta[] = [];
  deltas.listen("R", (each) => late.push(each));
  expect(late).toEqual([{ ...delta("two", "s2"), whole: true }]);
  deltas.end("R", "s2");
  deltas.listen("R", (each) => late.push(each));
  deltas.listen("other", (each) => late.push(each));
  expect(late).toHaveLength(1);
});
