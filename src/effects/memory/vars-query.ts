import { AppError } from "#core/errors.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import type { EffectContext, EffectHandler, Effected } from "#effects/effect-handler.ts";
import { textAt } from "#effects/memory/graph-payload.ts";
import { spanEffect, toolAnswer } from "#effects/memory/span-payload.ts";

/** Looks into the run's own variables: `a.b.0` or `/a/b/0` (contract flow-runtime 4.9). */
export function varsQueryHandler(): EffectHandler {
  // oxlint-disable-next-line require-await -- a path that is wrong must reject
  return spanEffect("vars_query", async (payload, context) => look(payload, context));
}

function look(payload: JsonObject, { vars, run }: EffectContext): Effected {
  const target = textAt(payload, "target_run_id");
  if (target !== null && target !== run.run_id)
    throw new AppError("invalid_request", "target_run_id: only the run itself can be looked into");
  const path = textAt(payload, "path") ?? "scratchpad";
  const found = path
    .split(path.startsWith("/") ? "/" : ".")
    .filter((part) => part !== "")
    .map((part) => (path.startsWith("/") ? part.replaceAll("~1", "/").replaceAll("~0", "~") : part))
    .reduce<Value | undefined>(step, vars);
  if (found === undefined) throw new AppError("not_found", `There is nothing at '${path.slice(0, 200)}'`);
  const shown: Value = payload["keys_only"] === true ? keysOf(found) : found;
  return { outcome: toolAnswer("inspect_vars", payload, { output: JSON.stringify(shown), value: shown }) };
}

function step(from: Value | undefined, part: string): Value | undefined {
  if (Array.isArray(from)) return /^\d+$/.test(part) ? from[Number(part)] : undefined;
  return isObject(from) && Object.hasOwn(from, part) ? from[part] : undefined;
}

function keysOf(value: Value): Value {
  if (Array.isArray(value)) return { type: "list", length: value.length };
  return isObject(value) ? Object.keys(value) : typeof value;
}
