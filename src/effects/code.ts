import type { Effect } from "#core/effect.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import { AppError } from "#core/errors.ts";
import type { EffectContext, EffectHandler, Effected } from "#effects/effect-handler.ts";
import type { CodeOutcome, CodeRequest, CodeRunner } from "#sandbox/code-runner.ts";
import { executionReport } from "#sandbox/execution-report.ts";

/** Runs a code node's source apart from the gateway. Code reaches nothing outside, so that it may run again after a crash. */
export function codeHandler(runner: CodeRunner): EffectHandler {
  return {
    type: "code",
    world: true,
    onInterrupted: "retry",
    retry: { attempts: 3, baseMs: 500, maxMs: 5000 },
    run: (effect, context) => runCode(runner, effect, context),
  };
}

async function runCode(runner: CodeRunner, { payload }: Effect, { signal }: EffectContext): Promise<Effected> {
  const request = readRequest(payload);
  if (typeof request === "string") return { outcome: { status: "failed", error: request } };
  try {
    const result = await runner.run(request, signal);
    const record = recordOf(result, request.permissions);
    if ("error" in result) return { outcome: { status: "completed", result: record } };
    // Contract flow-runtime 2.4: what a code node gives flows on along the exec edges.
    return {
      outcome: { status: "completed", result: record },
      writes: [{ path: ["_last_output"], value: result.value }],
    };
  } catch (error) {
    if (!(error instanceof AppError) || signal.aborted) throw error;
    return { outcome: { status: "failed", error: error.message, retryable: error.retryable } };
  }
}

function readRequest(payload: JsonObject): CodeRequest | string {
  const { language, source, function_name: functionName, input, permissions, locals } = payload;
  if (language !== "python" && language !== "javascript") return "code: 'language' must be python or javascript";
  if (typeof source !== "string") return "code: 'source' must be text";
  if (typeof functionName !== "string") return "code: 'function_name' must be text";
  if (!isObject(input)) return "code: 'input' must be an object";
  if (permissions !== "sandbox" && permissions !== "full_access")
    return "code: 'permissions' must be sandbox or full_access";
  const pairs = Array.isArray(locals) ? locals.filter(isPair) : undefined;
  return { language, source, functionName, input, permissions, ...(pairs ? { locals: pairs } : {}) };
}

function isPair(value: Value): value is [string, string] {
  return Array.isArray(value) && value.length === 2 && value.every((each) => typeof each === "string");
}

/** The record of contract flow-runtime 2.11: an object's own keys beside it, under the fixed ones. */
function recordOf(outcome: CodeOutcome, permissions: string): JsonObject {
  const execution = executionReport(outcome, permissions);
  if ("error" in outcome) return { success: false, output: null, result: null, error: outcome.error, execution };
  const { value } = outcome;
  return { ...(isObject(value) ? value : {}), success: true, output: value, result: value, execution };
}
