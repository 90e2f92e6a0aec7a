import type { Effect, EffectOutcome } from "#core/effect.ts";
import { messageOf } from "#core/errors.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import type { EffectContext, EffectHandler, Effected } from "#effects/effect-handler.ts";
import { Evidence, type EvidenceStore } from "#effects/evidence.ts";
import { type PreparedCall, executeCalls, refusedCall } from "#effects/tool-execution.ts";
import { answerOf, callsFromConsent, consentWait, delegationWait } from "#effects/tool-consent.ts";
import { approvalPolicy, runsAtOnce } from "#tools/approval-policy.ts";
import { namedArguments, resolvePaths, withDefaults } from "#tools/arguments.ts";
import type { OpenWorkspace } from "#tools/create-workspace.ts";
import type { Tool, ToolRegistry } from "#tools/tool.ts";
import type { Workspace } from "#tools/workspace.ts";

export interface ToolCallDependencies {
  tools: ToolRegistry;
  /** `approval` asks where a tool's policy says so, `local` never; in the other two somebody outside carries the calls out. */
  mode: "approval" | "passthrough" | "delegated" | "local";
  /** Null when the run names no folder. Throws when it names one that it may not use. */
  openWorkspace: OpenWorkspace;
  /** Why the owner of a runtime may not use a tool; null when they may. */
  refusal: (tool: string, runtimeId: string) => string | null;
  evidence: EvidenceStore;
}

/** Carries out the calls of one turn, or waits for somebody's consent first (contract flow-runtime 4.6). */
export function toolCallsHandler(deps: ToolCallDependencies): EffectHandler {
  return {
    type: "tool_calls",
    world: true,
    onInterrupted: (effect) => interrupted(deps, effect),
    retry: { attempts: 1, baseMs: 0, maxMs: 0 },
    run: (effect, context) => run(deps, effect, context),
  };
}

async function run(deps: ToolCallDependencies, effect: Effect, context: EffectContext): Promise<Effected> {
  const evidence = new Evidence(deps.evidence, context);
  try {
    const outcome = await outcomeOf(deps, effect, { context, evidence });
    return { outcome, writes: [...openedMedia(outcome), ...evidence.writes], artifacts: evidence.artifacts };
  } catch (error) {
    return { outcome: { status: "failed", error: messageOf(error) } };
  }
}

async function outcomeOf(
  deps: ToolCallDependencies,
  effect: Effect,
  { context, evidence }: { context: EffectContext; evidence: Evidence },
): Promise<EffectOutcome> {
  const consent = answerOf(effect.payload);
  if (consent && !("approved" in consent)) return completed(consent.executed);
  const workspace = deps.openWorkspace(context.vars, context.run.runtime_id);
  const raw = consent ? callsFromConsent(consent) : listOf(effect.payload["tool_calls"]);
  const prepared: PreparedCall[] = [];
  await knowTools(deps.tools, raw, context.signal);
  for (const [index, call] of raw.entries()) {
    prepared.push(await prepare(deps, { call, index }, { effect, context, workspace }));
  }
  const carryOut = async () => evidence.keep(prepared, await executeCalls(prepared, { context, workspace }));
  if (consent) {
    const results = consent.approved ? await carryOut() : prepared.map((call) => refusedCall(call, consent.reason));
    return completed({ mode: "executed", results: consent.merge(results) as unknown as Value });
  }
  if (deps.mode === "passthrough" || deps.mode === "delegated")
    return delegationWait(effect, context, { mode: deps.mode, prepared });
  const names = prepared.filter((call) => call.refusal === null).map((call) => call.name);
  const runtime = context.vars["_runtime"];
  const policy = approvalPolicy({
    tools: deps.tools,
    overrides: isObject(runtime) ? runtime["tool_policy"] : undefined,
  });
  if (runsAtOnce(names, deps.mode, policy)) {
    return completed({ mode: "executed", results: (await carryOut()) as unknown as Value });
  }
  return consentWait(effect, { key: context.idempotency_key, prepared, policy });
}

/** What a tool opened for the model to see goes with the next model call of the run. */
function openedMedia(outcome: EffectOutcome): NonNullable<Effected["writes"]> {
  const result = outcome.status === "completed" ? outcome.result : null;
  const results = isObject(result) ? listOf(result["results"]) : [];
  return results
    .filter(isObject)
    .filter(({ name, success }) => name === "open_attachment" && success === true)
    .flatMap(({ output }) => (isObject(output) ? listOf(output["media"]) : []))
    .map((item) => ({ path: ["_runtime", "pending_media"], append: item }));
}

function completed(result: JsonObject): EffectOutcome {
  return { status: "completed", result };
}

/** A tool of a server that is not connected yet is no unknown tool. */
async function knowTools(tools: ToolRegistry, calls: Value[], signal: AbortSignal): Promise<void> {
  const isUnknown = (call: Value) => isObject(call) && tools.find(textOf(call["name"])) === null;
  if (calls.some(isUnknown)) await tools.load(signal);
}

interface Caller {
  effect: Effect;
  context: EffectContext;
  workspace: Workspace | null;
}

/** Finds the tool and reads the arguments; what is wrong with a call is its own result and never that of the others. */
async function prepare(
  deps: ToolCallDependencies,
  { call, index }: { call: Value; index: number },
  { effect, context, workspace }: Caller,
): Promise<PreparedCall> {
  const runtimeId = `rtcall_${context.idempotency_key}_${index + 1}`;
  if (!isObject(call))
    return refused({ index, runtimeId, name: "", callId: runtimeId }, "Invalid tool call (expected an object)");
  const callId = textOf(call["call_id"] ?? call["id"]) || runtimeId;
  const name = textOf(call["name"]).trim();
  const known = { index, runtimeId: textOf(call["runtime_call_id"]) || runtimeId, name, callId };
  if (name === "") return refused(known, "Tool call missing a valid name");
  const { allowed_tools: allowed } = effect.payload;
  const tool = deps.tools.find(name);
  if (Array.isArray(allowed) && !allowed.includes(name) && !(tool && allowed.includes(tool.name))) {
    return refused(known, `Tool '${name}' is not allowed for this node`);
  }
  if (!tool) return refused(known, `Tool '${name}' not found`);
  const forbidden = deps.refusal(tool.name, context.run.runtime_id);
  if (forbidden !== null) return refused({ ...known, name: tool.name }, forbidden);
  // The model wrote arguments that nobody can read: it is told so, and nothing runs.
  if (typeof call["error"] === "string") return refused({ ...known, name: tool.name }, call["error"]);
  try {
    const named = await resolvePaths(tool, namedArguments(tool, call["arguments"]), workspace);
    const args = withDefaults(tool, named);
    return { ...known, name: tool.name, tool, args, refusal: null };
  } catch (error) {
    return refused({ ...known, name: tool.name }, messageOf(error));
  }
}

function refused(
  known: { index: number; runtimeId: string; name: string; callId: string },
  reason: string,
): PreparedCall {
  return { ...known, tool: null, args: {}, refusal: reason };
}

/** The process died in the middle. Tools that only look run again; one that may have acted already is asked about. */
function interrupted(deps: ToolCallDependencies, effect: Effect): "retry" | EffectOutcome {
  const consent = answerOf(effect.payload);
  if (consent && !("approved" in consent && consent.approved)) return "retry";
  const calls = (consent ? callsFromConsent(consent) : listOf(effect.payload["tool_calls"])).filter(isObject);
  const tools = calls
    .map((call) => deps.tools.find(textOf(call["name"])))
    .filter((tool): tool is Tool => tool !== null);
  const acting = [...new Set(tools.filter((tool) => tool.replay === "ask").map((tool) => tool.name))];
  if (acting.length === 0) return "retry";
  const prepared = calls.map((call, index) => ({
    index,
    runtimeId: textOf(call["runtime_call_id"]),
    callId: textOf(call["call_id"]),
    name: textOf(call["name"]),
    tool: null,
    args: isObject(call["arguments"]) ? call["arguments"] : {},
    refusal: null,
  }));
  const prompt = `The gateway stopped while ${acting.join(", ")} was under way: it may have acted already. Run it again?`;
  const policy = approvalPolicy({ tools: deps.tools });
  return consentWait(effect, { key: crypto.randomUUID(), prepared, policy, prompt });
}

function listOf(value: Value | undefined): Value[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: Value | undefined): string {
  return typeof value === "string" ? value : "";
}
