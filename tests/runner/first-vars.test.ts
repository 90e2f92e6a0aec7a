import { expect, test } from "bun:test";
import type { JsonObject } from "#core/value.ts";
import { firstVars } from "#runner/first-vars.ts";

const none = { thinking: null, lifecycle: null, workspaceRoot: null };
const start = (input: JsonObject) => firstVars(input, none);

test("attachments are in the context once each, wherever a client put them", () => {
  const vars = start({
    attachments: [{ $artifact: "a" }],
    media: [{ artifact_id: "a" }, "docs/b.txt"],
    context: {
      attachments: [{ $artifact: "c" }],
      messages: [{ role: "user", content: "?", attachments: [{ path: "d.txt" }, { $artifact: "c" }] }],
    },
  });
  expect((vars["context"] as JsonObject)["attachments"]).toEqual([
    { $artifact: "c" },
    { artifact_id: "a" },
    "docs/b.txt",
    { path: "d.txt" },
  ]);
});

test("without attachments the context stays as it is", () => {
  expect(start({ context: { task: "t" } })["context"]).toEqual({ task: "t" });
  expect(start({ attachments: [] })["context"]).toBeUndefined();
});

test("a client cannot say what a tool has opened", () => {
  expect(start({ _runtime: { pending_media: [{ $artifact: "x" }], provider: "p" } })["_runtime"]).toEqual({
    provider: "p",
  });
});

test("a run has a prompt cache as the gateway says, unless its input says something itself", () => {
  const cached = (input: JsonObject, cachesPrompts: boolean | null) =>
    (firstVars(input, { ...none, cachesPrompts })["_runtime"] as JsonObject)["prompt_cache"];
  expect(cached({}, true)).toEqual({ enabled: true, version: 1 });
  expect(cached({}, false)).toEqual({ enabled: false, version: 1 });
  expect(cached({}, null)).toBeUndefined();
  expect(cached({ _runtime: { prompt_cache: { key: "mine" } } }, false)).toEqual({ key: "mine" });
});
