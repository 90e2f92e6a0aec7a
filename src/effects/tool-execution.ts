import { messageOf } from "#core/errors.ts";
import { systemClock } from "#core/time.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import type { EffectContext } from "#effects/effect-handler.ts";
import type { Tool } from "#tools/tool.ts";
import type { Workspace } from "#tools/workspace.ts";

export interface PreparedCall {
  /** Place in the turn. */
  index: number;
  callId: string;
  runtimeId: string;
  name: string;
  /** Null when the call was refused. */
  tool: Tool | null;
  args: JsonObject;
  /** Why it will not be carried out, or null. */
  refusal: string | null;
}

export interface CallResult {
  call_id: string;
  runtime_call_id: string;
  name: string;
  success: boolean;
  output: Value;
  error: string | null;
  meta?: JsonObject;
}

const maxAtOnce = 8;

interface Surroundings {
  context: EffectContext;
  workspace: Workspace | null;
}

/** Neighbours that only look run side by side; one that acts runs alone, in its place. Results are in the order of the calls. */
export async function executeCalls(calls: PreparedCall[], around: Surroundings): Promise<CallResult[]> {
  const results: CallResult[] = [];
  for (let at = 0; at < calls.length;) {
    const rest = calls.slice(at, at + maxAtOnce);
    const firstActing = rest.findIndex((call) => call.tool?.replay === "ask");
    const group = firstActing === 0 ? rest.slice(0, 1) : firstActing < 0 ? rest : rest.slice(0, firstActing);
    results.push(...(await Promise.all(group.map((call) => execute(call, around)))));
    at += group.length;
  }
  return results;
}

async function execute(call: PreparedCall, around: Surroundings): Promise<CallResult> {
  const { tool, args, name, callId } = call;
  if (!tool || call.refusal !== null) return refusedCall(call, call.refusal ?? "it was not prepared");
  const startMs = systemClock();
  const result = await runTool(call, tool, around);
  const { output, error } = result;
  const done = { name, callId, runtimeCallId: call.runtimeId, args, output, error, startMs, endMs: systemClock() };
  around.context.onToolCall?.(done);
  return result;
}

async function runTool(call: PreparedCall, tool: Tool, { context, workspace }: Surroundings): Promise<CallResult> {
  const timeout = AbortSignal.timeout(tool.timeoutMs);
  const signal = AbortSignal.any([context.signal, timeout]);
  const { run_id, root_run_id, session_id, runtime_id, actor_id } = context.run;
  try {
    const output = await tool.run(call.args, {
      run: { run_id, root_run_id, session_id, runtime_id, actor_id },
      workspace,
      signal,
    });
    return { ...identity(call), ...judged(output) };
  } catch (error) {
    const reason = timeout.aborted
      ? `'${tool.name}' took longer than ${tool.timeoutMs / 1000} seconds`
      : messageOf(error);
    return refusedCall(call, reason);
  }
}

export function refusedCall(call: PreparedCall, error: string): CallResult {
  return { ...identity(call), success: false, output: null, error: call.refusal ?? error };
}

function identity({ callId, runtimeId, name }: PreparedCall): Pick<CallResult, "call_id" | "runtime_call_id" | "name"> {
  return { call_id: callId, runtime_call_id: runtimeId, name };
}

/** Tools may say in their output that they failed (contract flow-runtime 4.6). */
function judged(output: Value): Pick<CallResult, "success" | "output" | "error"> {
  if (typeof output === "string" && /^\s*(?:Error:|❌|🚫|⚠️)/u.test(output))
    return { success: false, output, error: output.trim() };
  if (isObject(output) && (output["success"] === false || output["ok"] === false)) {
    const error = output["error"] ?? output["message"] ?? "the tool reports a failure";
    return { success: false, output, error: typeof error === "string" ? error : JSON.stringify(error) };
  }
  return { success: true, output, error: null };
}
