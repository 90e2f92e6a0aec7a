import { type AnyElysia, Elysia } from "elysia";
import type { RouteContext } from "#http/route-context.ts";
import { bundleRoutes } from "#http/routes/bundles.ts";
import { visualFlowRoutes } from "#http/routes/visualflows.ts";

/** Everything that runs can be started from. Its type is not spelled out: the whole API's would be more than the compiler can follow. */
export function bundleGroups(context: RouteContext): AnyElysia {
  return new Elysia().use(bundleRoutes(context)).use(visualFlowRoutes(context));
}
