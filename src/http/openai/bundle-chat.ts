import type { Principal } from "#auth/principal.ts";
import { AppError } from "#core/errors.ts";
import { type Run, isTerminal } from "#core/run.ts";
import { type Value, isObject } from "#core/value.ts";
import { awaitRun } from "#http/await-run.ts";
import { toBundleInput } from "#http/openai/chat-request.ts";
import { bundlePrefix } from "#http/openai/model-names.ts";
import type { Answer } from "#http/openai/chat-reply.ts";
import type { ChatCompletionRequest } from "#http/schemas/openai.ts";
import type { Services } from "#http/services.ts";
import { startRun } from "#http/start-run.ts";

/** Starts the bundle with the last turn as its prompt. The run is durable: it goes on when the client has gone. */
export function startBundle(
  services: Services,
  body: ChatCompletionRequest,
  by: { principal: string; caller: Principal; traceparent: string | null },
): Promise<string> {
  const start = { bundle_id: body.model.slice(bundlePrefix.length), input_data: toBundleInput(body) };
  return startRun(services, start, { ...by, idempotency: null, mayReferToArtifacts: true });
}

/** Waits for the end of a run, or until it asks somebody, and answers with what it says. Rejects with the signal's reason. */
export async function answerOfRun(services: Services, runId: string, signal: AbortSignal): Promise<Answer> {
  const isReady = (each: Run) => isTerminal(each.status) || (each.status === "waiting" && each.wait?.reason === "user");
  const run = await awaitRun(services, runId, { isReady, signal });
  if (run.status === "failed" || run.status === "cancelled") {
    throw new AppError("unavailable", `Run ${runId} ${run.status}: ${run.error ?? "without a reason"}`);
  }
  const content = run.status === "waiting" ? (run.wait?.prompt ?? "") : textOf(run.output);
  const usage = { input_tokens: 0, output_tokens: 0, total_tokens: 0 };
  return { content, toolCalls: [], usage, finishReason: "stop" };
}

/** What a flow means as its answer, by the names that flows use. */
function textOf(output: Value): string {
  if (typeof output === "string") return output;
  if (!isObject(output)) return output === null ? "" : JSON.stringify(output);
  for (const name of ["response", "answer", "message", "output", "result"]) {
    const value = output[name];
    if (typeof value === "string") return value;
  }
  return JSON.stringify(output);
}
