import { describe, expect, test } from "bun:test";
import { eventKey, eventPayload, eventScopes, scopeId } from "#core/event.ts";
import { PyFloat, type Value } from "#core/value.ts";

const ids = { session_id: "s1", workflow_id: "b@1:f", run_id: "r1" };

describe("event keys", () => {
  test("name the scope, its id and the event", () => {
    expect(eventScopes.map((scope) => eventKey(scope, scopeId(scope, ids), "ping"))).toEqual([
      "evt:session:s1:ping",
      "evt:workflow:b@1:f:ping",
      "evt:run:r1:ping",
      "evt:global:global:ping",
    ]);
  });

  test("without a session the run stands for it", () => {
    expect(scopeId("session", { ...ids, session_id: null })).toBe("r1");
  });
});

test.each([
  [undefined, {}],
  [null, {}],
  [{ a: 1 }, { a: 1 }],
  ["x", { value: "x" }],
  [0, { value: 0 }],
  [false, { value: false }],
  [[1], { value: [1] }],
  [new PyFloat(5), { value: new PyFloat(5) }],
  [{ toJSON: "a key of the sender" }, { toJSON: "a key of the sender" }],
] as [Value | undefined, Value][])("the payload %p is delivered as %p", (payload, delivered) => {
  expect(eventPayload(payload)).toStrictEqual(delivered as never);
});
