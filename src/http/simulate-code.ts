import { type Value, isObject } from "#core/value.ts";
import type { SimulateCodeRequest } from "#http/schemas/visualflows.ts";
import type { CodeOutcome, CodeRequest, CodeRunner } from "#sandbox/code-runner.ts";
import { executionReport } from "#sandbox/execution-report.ts";
import { languages } from "#sandbox/protocol.ts";

/** Well below the time after which editors give up. */
const timeoutMs = 10_000;

/** Runs the code of a node once, beside any run. Failures of the code, and code that may not run, are answers (contract 1.12). */
export async function simulateCode(
  codeRunner: Pick<CodeRunner, "run">,
  body: SimulateCodeRequest,
  signal: AbortSignal,
) {
  const request = requestOf(body);
  if (typeof request === "string") return answer(body, { error: request, durationMs: 0, usage: null });
  return answer(body, await codeRunner.run(request, signal));
}

function requestOf(body: SimulateCodeRequest): CodeRequest | string {
  const { code, function_name, permissions } = body;
  const language = languages.find((each) => each === body.language);
  if (!language) return `language must be one of ${languages.join(", ")}`;
  if (permissions !== "sandbox" && permissions !== "full_access") return "permissions must be sandbox or full_access";
  const input = (body.input ?? {}) as Value;
  if (!isObject(input)) return "input must be an object: a code node gets its pins by name";
  const limits = { timeoutMs };
  return { language, source: code, functionName: function_name, input, permissions, limits };
}

function answer({ permissions }: SimulateCodeRequest, outcome: CodeOutcome) {
  const error = "error" in outcome ? outcome.error : null;
  const isAllowed = error === null || !/full access is not allowed|^permissions must be/.test(error);
  return {
    ok: error === null,
    success: error === null,
    output: "value" in outcome ? outcome.value : null,
    execution: outcome.usage && executionReport(outcome, permissions),
    error,
    diagnostics: {
      source: "code",
      phase: error !== null && isBeforeRunning(error, outcome) ? "compile" : "runtime",
      requested_mode: permissions,
      effective_mode: isAllowed ? permissions : null,
      allowed: isAllowed,
    },
  };
}

/** The sandbox says in words what it refuses before the code runs; a call that never reached it took no time. */
function isBeforeRunning(error: string, { usage, durationMs }: CodeOutcome): boolean {
  if (usage === null) return durationMs === 0;
  return /^(Syntax|Indentation|Tab)Error|not allowed in sandboxed code|defines no function|is not a function in the code/.test(
    error,
  );
}
