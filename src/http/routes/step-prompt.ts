import { Elysia } from "elysia";
import { stepPrompt } from "#http/history/step-prompt.ts";
import { operation } from "#http/operation.ts";
import { type RouteContext, reply } from "#http/route-context.ts";
import { StepPrompt } from "#http/schemas/step-prompt.ts";

export function stepPromptRoutes({ access }: RouteContext) {
  return new Elysia().get(
    "/api/gateway/runs/:run_id/steps/:step_id/prompt",
    async ({ params, request, set }) =>
      reply(set, await stepPrompt(access.services(request), params.run_id, params.step_id)),
    operation({
      id: "readStepPrompt",
      summary: "What a model was shown at a step",
      description:
        "From the run's ledger. A summary that took the place of older messages is shown as the model saw it.",
      tag: "runs",
      path: { run_id: "Run of the step.", step_id: "Step that asked a model, as in the run's ledger." },
      response: StepPrompt,
      errors: [400, 404],
    }),
  );
}
