import { type JsonObject, isObject, numberOf } from "#core/value.ts";
import type { Execution } from "#engine/engine.ts";
import type { NodeDefinition } from "#engine/nodes/definition.ts";
import { NodeError } from "#engine/pure.ts";

/*
 * A delivery is a run: `vars.webhook` says which message goes to which webhook, each attempt is an effect with its record, and the time
 * between two attempts is a wait. So it outlives every process, and whoever answers the wait has the next attempt made at once.
 */

const deliver: NodeDefinition = {
  run({ execution }) {
    const { webhook_id, message_id, attempt } = stateOf(execution);
    const next = (numberOf(attempt) ?? 0) + 1;
    execution.vars.set(["webhook", "attempt"], next);
    const payload = { webhook_id: webhook_id ?? null, message_id: message_id ?? null, attempt: next };
    return { kind: "effect", type: "webhook_delivery", payload, resultKey: "webhook.last" };
  },
  outputs: () => null,
};

const judge: NodeDefinition = {
  failsRun: true,
  run({ execution }) {
    const { delivered, error, retry_at: retryAt } = lastOf(execution);
    if (delivered === true) return { kind: "record", record: {}, handle: "done" };
    if (typeof retryAt === "string") return { kind: "record", record: {}, handle: "later" };
    throw new NodeError(typeof error === "string" ? error : "it was not delivered");
  },
};

const wait: NodeDefinition = {
  run({ execution }) {
    return { kind: "effect", type: "wait_until", payload: { until: lastOf(execution)["retry_at"] ?? null } };
  },
  outputs: () => null,
};

const end: NodeDefinition = {
  run({ execution }) {
    return {
      kind: "end",
      output: { ...lastOf(execution), attempts: stateOf(execution)["attempt"] ?? 1, success: true },
    };
  },
};

function stateOf(execution: Execution): JsonObject {
  const state = execution.vars.peek("webhook");
  return isObject(state) ? state : {};
}

function lastOf(execution: Execution): JsonObject {
  const { last } = stateOf(execution);
  return isObject(last) ? last : {};
}

export const webhookNodes: [string, NodeDefinition][] = [
  ["webhook_deliver", deliver],
  ["webhook_judge", judge],
  ["webhook_wait", wait],
  ["webhook_end", end],
];
