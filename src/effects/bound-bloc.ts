import { AppError } from "#core/errors.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import type { EffectContext } from "#effects/effect-handler.ts";
import { blocMessage } from "#models/blocs/bloc.ts";
import type { BlocStore } from "#models/blocs/bloc-store.ts";
import type { Message } from "#models/provider.ts";

/**
 * The conversation with the bloc that `prompt_cache_binding` names at its beginning: the saved state is that of this text, and a provider
 * without it reads the text. AppError `not_found` when the bloc is gone: an answer without it would not be about it.
 */
export async function withBoundBloc(
  messages: Message[],
  { payload, context, blocs }: { payload: JsonObject; context: EffectContext; blocs: BlocStore },
): Promise<Message[]> {
  const binding = bindingIn(payload, context.vars);
  const sha256 = binding?.["sha256"];
  if (typeof sha256 !== "string") return messages;
  const own = blocs.of(context.run.runtime_id);
  const bloc = await own.find({ sha256 });
  if (!bloc)
    throw new AppError("not_found", `The bloc of prompt_cache_binding is not there any more (sha256 ${sha256})`);
  return [blocMessage(bloc, await own.content(bloc)), ...messages];
}

/** That of the call, else of the run. */
export function bindingIn(payload: JsonObject, vars: JsonObject): JsonObject | null {
  const params = isObject(payload["params"]) ? payload["params"] : {};
  const runtime = isObject(vars["_runtime"]) ? vars["_runtime"] : {};
  const binding: Value | undefined = params["prompt_cache_binding"] ?? runtime["prompt_cache_binding"];
  return isObject(binding) ? binding : null;
}
