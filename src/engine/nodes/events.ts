import { lenientBool, pyStr } from "#core/python.ts";
import { type EventScope, eventKey, eventPayload, eventScopes, scopeId } from "#core/event.ts";
import { isoTime, parseTime } from "#core/time.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import { openBare, takeReturn } from "#engine/control.ts";
import { amount, durationMs } from "#engine/kernel-effects.ts";
import {
  type NodeContext,
  type NodeDefinition,
  configOf,
  isDataPin,
  setting,
  textSetting,
} from "#engine/nodes/definition.ts";
import { NodeError } from "#engine/pure.ts";

const onFlowStart: NodeDefinition = {
  run({ execution, node }) {
    const pins = node.outputs.filter(isDataPin);
    const record: JsonObject = {};
    if (pins.length === 0) {
      const vars = execution.vars.read();
      for (const [key, value] of Object.entries(isObject(vars) ? vars : {}))
        if (!key.startsWith("_")) record[key] = value;
    }
    for (const pin of pins) record[pin.id] = execution.vars.read(pin.id) ?? presetOf(execution.vars.root, node, pin.id);
    return { kind: "record", record, ambient: record };
  },
};

/** A pin that the vars hold keeps its null; only a missing one gets its default. */
function presetOf(vars: JsonObject, node: NodeContext["node"], pin: string): Value {
  return Object.hasOwn(vars, pin) ? null : (node.defaults.get(pin) ?? null);
}

const onFlowEnd: NodeDefinition = {
  run({ node, inputs }) {
    const pins = node.inputs.filter(isDataPin);
    const output: JsonObject =
      pins.length > 0 ? Object.fromEntries(pins.map((pin) => [pin.id, inputs[pin.id] ?? null])) : { ...inputs };
    if (output["success"] === undefined) output["success"] = true;
    return { kind: "end", output };
  },
};

const onUserRequest: NodeDefinition = {
  run({ inputs }) {
    const record = { message: inputs["message"] ?? null, context: inputs["context"] ?? null };
    return { kind: "record", record, ambient: record };
  },
};

const onAgentMessage: NodeDefinition = {
  run({ inputs, node }) {
    const record = {
      sender: inputs["sender"] ?? "unknown",
      message: inputs["message"] ?? null,
      channel: inputs["channel"] ?? configOf(node, "eventConfig")["channel"] ?? null,
    };
    return { kind: "record", record, ambient: record };
  },
};

const onSchedule: NodeDefinition = {
  failsRun: true,
  swallowsInputErrors: true,
  run(context) {
    const { execution, node, inputs } = context;
    const config = configOf(node, "eventConfig");
    const schedule = inputs["schedule"] ?? config["schedule"] ?? "15s";
    const text = typeof schedule === "string" ? schedule.trim() : "";
    const interval = durationMs(text);
    const at = interval === null ? parseTime(text) : execution.now() + interval;
    if (Number.isNaN(at)) throw new NodeError(`Invalid schedule '${pyStr(schedule)}': use 30s, 5m, 1h or an ISO time`);
    const recurrent = interval !== null && lenientBool(inputs["recurrent"] ?? config["recurrent"] ?? true);
    takeReturn(execution, node.id);
    if (recurrent) openBare(execution, node.id);
    return {
      kind: "effect",
      type: "wait_until",
      payload: { until: isoTime(at) },
      ...(recurrent && !node.next.has("exec-out") ? { next: node.id } : {}),
    };
  },
  outputs: (result) => ({ timestamp: isObject(result) ? (result["timestamp"] ?? result["until"] ?? null) : null }),
};

const onEvent: NodeDefinition = {
  failsRun: true,
  swallowsInputErrors: true,
  run(context) {
    const { execution, node, inputs } = context;
    const config = configOf(node, "eventConfig");
    const name = pyStr(inputs["name"] ?? config["name"] ?? config["event_name"] ?? "").trim() || "*";
    const scope = scopeOf(inputs["scope"] ?? config["scope"]);
    takeReturn(execution, node.id);
    openBare(execution, node.id);
    const payload = { wait_key: eventKey(scope, scopeId(scope, execution.ids), name), name, scope };
    // Without a branch the event is consumed and the node waits for the next one.
    return { kind: "effect", type: "wait_event", payload, ...(node.next.has("exec-out") ? {} : { next: node.id }) };
  },
  outputs(result) {
    const event = isObject(result) ? result : {};
    return {
      event,
      payload: event["payload"] ?? null,
      event_id: event["event_id"] ?? null,
      name: event["name"] ?? null,
    };
  },
};

/** Visual nodes take an unknown scope for the session. */
function scopeOf(value: Value | undefined): EventScope {
  return eventScopes.find((scope) => scope === value) ?? "session";
}

const waitEvent: NodeDefinition = {
  failsRun: true,
  run(context) {
    const prompt = setting(context, "prompt");
    const choices = setting(context, "choices");
    const payload: JsonObject = { wait_key: pyStr(setting(context, "event_key") ?? "default") };
    if (prompt !== undefined) payload["prompt"] = prompt;
    if (Array.isArray(choices)) payload["choices"] = choices;
    payload["allow_free_text"] = context.inputs["allow_free_text"] !== false;
    return { kind: "effect", type: "wait_event", payload };
  },
  outputs: (result) => (isObject(result) ? { ...result, event_data: result } : { event_data: result }),
};

const emitEvent: NodeDefinition = {
  failsRun: true,
  swallowsInputErrors: true,
  run(context) {
    const { execution, node, inputs } = context;
    const name = textSetting(context, "name")?.trim();
    if (!name) throw new NodeError("emit_event needs a name");
    const sequence = execution.vars.peek("_temp", "event_seq");
    const next = (typeof sequence === "number" ? sequence : 0) + 1;
    execution.vars.set(["_temp", "event_seq"], next);
    const payload: JsonObject = {
      name,
      scope: scopeOf(setting(context, "scope")),
      payload: eventPayload(inputs["payload"]),
      event_id: `${execution.ids.run_id}:${node.id}:${next}`,
    };
    const session = textSetting(context, "session_id");
    if (session) payload["session_id"] = session;
    return { kind: "effect", type: "emit_event", payload };
  },
};

const waitUntil: NodeDefinition = {
  failsRun: true,
  run(context) {
    const { execution, inputs } = context;
    const duration = inputs["duration"] ?? configOf(context.node, "effectConfig")["duration"];
    const unit = configOf(context.node, "effectConfig")["durationType"] ?? "seconds";
    if (unit === "timestamp")
      return { kind: "effect", type: "wait_until", payload: { until: pyStr(duration ?? null) } };
    const seconds: Record<string, number> = { seconds: 1, minutes: 60, hours: 3600 };
    const ms = amount(duration) * 1000 * (seconds[pyStr(unit)] ?? 1);
    return { kind: "effect", type: "wait_until", payload: { until: isoTime(execution.now() + Math.max(0, ms)) } };
  },
};

const askUser: NodeDefinition = {
  failsRun: true,
  run(context) {
    const { inputs, node } = context;
    const prompt = inputs["prompt"] === undefined ? "Please respond:" : pyStr(inputs["prompt"]);
    const choices = Array.isArray(inputs["choices"]) ? inputs["choices"] : [];
    const free = configOf(node, "effectConfig")["allowFreeText"] !== false;
    return {
      kind: "effect",
      type: "ask_user",
      payload: { prompt, choices, allow_free_text: free },
      placeholder: { response: `[User prompt: ${prompt}]` },
    };
  },
  outputs: (result, _node, placeholder) => ({
    ...(isObject(placeholder) ? placeholder : {}),
    ...(isObject(result) ? result : {}),
  }),
};

const answerUser: NodeDefinition = {
  failsRun: true,
  run({ inputs }) {
    const message = inputs["message"];
    return {
      kind: "effect",
      type: "answer_user",
      payload: {
        message: message === undefined || message === null ? "" : pyStr(message),
        level: levelOf(inputs["level"]),
      },
    };
  },
};

function levelOf(value: Value | undefined): string {
  const level = typeof value === "string" ? value.trim().toLowerCase() : "";
  if (level === "error") return "error";
  return level === "warning" || level === "warn" ? "warning" : "message";
}

export const eventNodes: [string, NodeDefinition][] = [
  ["on_flow_start", onFlowStart],
  ["on_flow_end", onFlowEnd],
  ["on_user_request", onUserRequest],
  ["on_agent_message", onAgentMessage],
  ["on_schedule", onSchedule],
  ["on_event", onEvent],
  ["wait_event", waitEvent],
  ["emit_event", emitEvent],
  ["wait_until", waitUntil],
  ["ask_user", askUser],
  ["answer_user", answerUser],
];
