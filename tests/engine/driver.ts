import { Editor, type Op, applyOps } from "#core/delta.ts";
import type { Effect, EffectOutcome } from "#core/effect.ts";
import type { Flow } from "#core/flow.ts";
import { canonicalJson, parseJson, parseObject, stringifyJson } from "#core/json.ts";
import type { StepRecord } from "#core/record.ts";
import { parseTime } from "#core/time.ts";
import type { JsonObject, Value } from "#core/value.ts";
import { advance } from "#engine/advance.ts";
import { compile } from "#engine/compile.ts";
import type { Plan } from "#engine/plan.ts";
import type { Budget, Execution, Input, Step } from "#engine/engine.ts";
import type { TestFlow } from "#fixtures/bundles.ts";

/** What the world says to one effect. */
export type Answer = (effect: Effect, call: number) => EffectOutcome | { retry: string };

export interface DriveOptions {
  input?: JsonObject;
  /** Payloads for the waits of the run, in order. Without one left the run stays waiting. */
  answers?: JsonObject[];
  /** One function per effect type that has a handler. */
  effects?: Record<string, Answer>;
  budget?: () => Partial<Budget>;
  compile?: { entry?: string; workflowId?: string };
  compatNodeErrors?: boolean;
  toolSpec?: (name: string) => JsonObject | null;
  /** After every slice the state is written, read back from the ops alone and compared; the run goes on from what was read. */
  restore?: boolean;
  random?: () => number;
  maxSlices?: number;
}

export interface Slice {
  input: Input["kind"];
  step: Step["kind"];
  records: number;
  ops: number;
  /** Length of the ops as JSON. */
  opsBytes: number;
}

export interface Driven {
  records: StepRecord[];
  last: Step;
  vars: JsonObject;
  execution: Execution;
  slices: Slice[];
  effects: Effect[];
  /** Output of a completed run. */
  output: Value;
  error: string | null;
}

const unlimited: Budget = { maxRecords: 1_000_000, maxNodes: 1_000_000, untilMs: Number.POSITIVE_INFINITY };
export const epochMs = Date.parse("2026-01-01T00:00:00Z");

/** Runs a flow in memory: the clock moves only when a timer is due, ids count up, the world is scripted. */
export function drive(flow: TestFlow, options: DriveOptions = {}): Driven {
  return drivePlan(compile(flow as unknown as Flow, options.compile), options);
}

/** The same for a plan that no flow stands behind. */
export function drivePlan(plan: Plan, options: DriveOptions = {}): Driven {
  let nowMs = epochMs;
  let ids = 0;
  const execution: Execution = {
    plan,
    ids: { run_id: "run-1", workflow_id: plan.workflow_id, session_id: "s1", actor_id: "gateway" },
    vars: new Editor(parseObject(stringifyJson(options.input ?? {}))),
    node_id: plan.entry,
    wait: null,
    pending: null,
    records: [],
    now: () => nowMs,
    newId: () => `id-${++ids}`,
    random: options.random ?? (() => 0.5),
    options: {
      compatNodeErrors: options.compatNodeErrors ?? false,
      effectTypes: new Set(Object.keys(options.effects ?? {})),
      ...(options.toolSpec ? { toolSpec: options.toolSpec } : {}),
    },
  };
  const driven: Omit<Driven, "last" | "vars" | "output" | "error"> = {
    records: [],
    execution,
    slices: [],
    effects: [],
  };
  const mirror = parseObject(stringifyJson(options.input ?? {}));
  const answers = [...(options.answers ?? [])];
  let calls = 0;
  let input: Input = { kind: "continue" };
  for (let slice = 0; slice < (options.maxSlices ?? 100_000); slice++) {
    const step = advance(execution, input, { ...unlimited, ...options.budget?.() });
    close(driven, { input, step, mirror, restore: options.restore === true });
    const next = react(step);
    if (!next) return finish(driven, step);
    input = next;
  }
  throw new Error("the run does not come to an end");

  function react(step: Step): Input | null {
    switch (step.kind) {
      case "end":
        return null;
      case "yield":
        return { kind: "continue" };
      case "effect": {
        const effect = execution.pending?.effect;
        if (!effect) throw new Error("the engine asked for an effect without one");
        driven.effects.push(effect);
        const answer = options.effects?.[effect.type];
        if (!answer) throw new Error(`nobody answers ${effect.type}`);
        const outcome = answer(effect, calls++);
        return "retry" in outcome ? { kind: "retry", error: outcome.retry } : { kind: "outcome", outcome };
      }
      case "wait": {
        const { wait } = execution;
        if (!wait) throw new Error("the run waits without a wait");
        if (wait.reason === "until") {
          nowMs = Math.max(nowMs, parseTime(wait.until ?? ""));
          return { kind: "timer" };
        }
        const payload = answers.shift();
        return payload ? { kind: "resume", payload } : null;
      }
    }
  }
}

interface Closing {
  input: Input;
  step: Step;
  mirror: JsonObject;
  restore: boolean;
}

/** What a commit does after a slice: takes records and ops. With `restore` the process also "dies" here. */
function close(
  { execution, records, slices }: Pick<Driven, "execution" | "records" | "slices">,
  { input, step, mirror, restore }: Closing,
): void {
  const fresh = execution.records.splice(0);
  const ops = execution.vars.take();
  const text = stringifyJson(ops);
  slices.push({ input: input.kind, step: step.kind, records: fresh.length, ops: ops.length, opsBytes: text.length });
  records.push(...fresh.map((record) => parseJson(stringifyJson(record)) as unknown as StepRecord));
  if (!restore) return;
  applyOps(mirror, parseJson(text) as unknown as Op[]);
  const stored = stringifyJson(mirror);
  const live = stringifyJson(execution.vars.root);
  if (stableText(stored) !== stableText(live)) throw new Error(`the ops lose state:\n${stored}\n${live}`);
  execution.vars = new Editor(parseObject(stored));
  execution.wait = parseJson(stringifyJson(execution.wait)) as unknown as Execution["wait"];
  execution.pending = parseJson(stringifyJson(execution.pending)) as unknown as Execution["pending"];
}

/** Key order of objects is not state; `5` and `5.0` are different. */
function stableText(text: string): string {
  return canonicalJson(parseJson(text));
}

function finish(driven: Omit<Driven, "last" | "vars" | "output" | "error">, step: Step): Driven {
  const ended = step.kind === "end" ? step : { output: null, error: null };
  return {
    ...driven,
    last: step,
    vars: driven.execution.vars.root,
    output: parseJson(stringifyJson(ended.output)),
    error: ended.error,
  };
}

/** One line per record: `node effect status`, the way a person reads a ledger. */
export function rows(records: readonly StepRecord[]): string[] {
  return records.map((record) => {
    const status = record.idempotency_key?.startsWith("system:terminal_status:");
    if (status) return `status ${record.idempotency_key?.slice("system:terminal_status:".length)}`;
    return `${record.node_id} ${record.effect?.type ?? "-"} ${record.status}`;
  });
}

/** A model that says the same each time. */
export function says(content: string, more: JsonObject = {}): Answer {
  return () => ({ status: "completed", result: { content, data: null, tool_calls: [], ...more } });
}
