import { type AnyElysia, Elysia } from "elysia";
import type { RouteContext } from "#http/route-context.ts";
import { forkRoutes } from "#http/routes/forks.ts";
import { reportRoutes } from "#http/routes/reports.ts";
import { runTalkRoutes } from "#http/routes/run-talk.ts";
import { runRoutes } from "#http/routes/runs.ts";
import { sessionRoutes } from "#http/routes/sessions.ts";
import { stepPromptRoutes } from "#http/routes/step-prompt.ts";

/** Everything about runs but their ledger. Its type is not spelled out: the whole API's would be more than the compiler can follow. */
export function runGroups(context: RouteContext): AnyElysia {
  return new Elysia()
    .use(runRoutes(context))
    .use(forkRoutes(context))
    .use(stepPromptRoutes(context))
    .use(runTalkRoutes(context))
    .use(sessionRoutes(context))
    .use(reportRoutes(context));
}
