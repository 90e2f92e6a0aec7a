import { type AnyElysia, Elysia } from "elysia";
import { forkRoutes } from "#http/routes/forks.ts";
import { reportRoutes } from "#http/routes/reports.ts";
import { type RunTalkContext, runTalkRoutes } from "#http/routes/run-talk.ts";
import { runRoutes } from "#http/routes/runs.ts";
import { sessionRoutes } from "#http/routes/sessions.ts";
import { stepPromptRoutes } from "#http/routes/step-prompt.ts";

/** Everything about runs but their ledger. Its type is not spelled out: the whole API's would be more than the compiler can follow. */
export function runGroups(context: RunTalkContext): AnyElysia {
  return new Elysia()
    .use(runRoutes(context))
    .use(forkRoutes(context))
    .use(stepPromptRoutes(context))
    .use(runTalkRoutes(context))
    .use(sessionRoutes(context))
    .use(reportRoutes(context));
}
