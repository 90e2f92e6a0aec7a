import { AppError } from "#core/errors.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import type { EffectContext, EffectHandler, Effected } from "#effects/effect-handler.ts";
import { queryScopeAt, textAt, whoseOf } from "#effects/memory/graph-payload.ts";
import type { Ledger } from "#ledger/ledger.ts";
import { type QueryScope, ownersOf } from "#memory/graph/owners.ts";
import type { SpanStore } from "#memory/spans/span-store.ts";

export interface SpanMemory {
  spans: SpanStore;
  ledger: Ledger;
  /** Owner of the global scope. */
  globalId: string;
}

/**
 * What effects of span memory have in common: what they read was committed before, and an interrupted one is simply done again. Called as
 * an agent's tool, what is wrong is told to the agent and does not fail its run.
 */
export function spanEffect(
  type: string,
  run: (payload: JsonObject, context: EffectContext) => Promise<Effected>,
): EffectHandler {
  return {
    type,
    world: true,
    onInterrupted: "retry",
    retry: { attempts: 1, baseMs: 0, maxMs: 0 },
    async run({ payload }, context) {
      try {
        return await run(payload, context);
      } catch (error) {
        if (!(error instanceof AppError) || context.signal.aborted) throw error;
        const tool = textAt(payload, "tool_name");
        return { outcome: tool === null ? failure(type, error) : toolFailure(tool, payload, error) };
      }
    },
  };
}

function failure(type: string, { message }: AppError): Effected["outcome"] {
  return { status: "failed", error: `${type}: ${message}` };
}

function toolFailure(name: string, payload: JsonObject, { message }: AppError): Effected["outcome"] {
  const callId = textAt(payload, "call_id") ?? "memory";
  const result: JsonObject = { call_id: callId, name, success: false, output: null, error: message };
  return { status: "completed", result: { mode: "executed", results: [result] } };
}

/** Run whose own spans are meant: another one of the same runtime, or the run that asks. AppError `not_found`. */
export async function targetRun(payload: JsonObject, { run }: EffectContext, ledger: Ledger): Promise<string> {
  const target = textAt(payload, "target_run_id");
  if (target === null || target === run.run_id) return run.run_id;
  const found = await ledger.getRun(target);
  if (found?.runtime_id !== run.runtime_id) throw new AppError("not_found", `Run '${target.slice(0, 100)}' not found`);
  return target;
}

/** Ids of the owners of a scope. */
export async function spanOwners(
  payload: JsonObject,
  context: EffectContext,
  { ledger, globalId }: SpanMemory,
): Promise<{ scope: QueryScope; owners: string[] }> {
  const scope = queryScopeAt(payload);
  const whose = { ...whoseOf(context, globalId), runId: await targetRun(payload, context, ledger) };
  const owners = ownersOf(scope, whose) ?? [];
  return { scope, owners: owners.flatMap(({ owner_id }) => owner_id ?? []) };
}

/** The answer of a memory tool, in the form of every tool's (contract flow-runtime 4.6). */
export function toolAnswer(
  name: string,
  payload: JsonObject,
  { output, meta, ...more }: { output: string; meta?: JsonObject; [more: string]: Value | undefined },
): Effected["outcome"] {
  const callId = textAt(payload, "call_id") ?? "memory";
  const result: JsonObject = {
    call_id: callId,
    name: textAt(payload, "tool_name") ?? name,
    success: true,
    output,
    error: null,
  };
  if (meta) result["meta"] = meta;
  const extra = Object.fromEntries(Object.entries(more).filter(([, value]) => value !== undefined)) as JsonObject;
  return { status: "completed", result: { mode: "executed", results: [result], ...extra } };
}

/** One text or several. */
export function textsAt(payload: JsonObject, ...names: string[]): string[] {
  for (const name of names) {
    const value = payload[name];
    const list = Array.isArray(value) ? value : value === undefined || value === null ? [] : [value];
    const texts = list.flatMap((each) =>
      typeof each === "string" && each.trim() ? [each.trim()] : typeof each === "number" ? [String(each)] : [],
    );
    if (texts.length > 0) return texts;
  }
  return [];
}

/** Tags that are asked for: a text or a list of texts each. */
export function wantedTags(value: Value | undefined): Record<string, string[]> {
  if (!isObject(value)) return {};
  const wanted: Record<string, string[]> = {};
  for (const [name, each] of Object.entries(value)) {
    const values = (Array.isArray(each) ? each : [each]).filter((one) => typeof one === "string");
    if (values.length > 0) wanted[name] = values;
  }
  return wanted;
}
