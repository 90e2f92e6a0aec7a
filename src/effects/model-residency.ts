import { messageOf } from "#core/errors.ts";
import type { EffectHandler, Effected } from "#effects/effect-handler.ts";
import type { ProviderRegistry } from "#models/provider.ts";
import { type ResidencyRequest, changeResidency, readResidencyRequest } from "#models/residency.ts";

const operations: Record<string, ResidencyRequest["operation"]> = {
  list: "list_loaded",
  loaded: "list_loaded",
  list_loaded: "list_loaded",
  load: "load",
  unload: "unload",
};

/** Loads, unloads and lists local models for a run. Done twice it is the same as once, so after a crash it is simply done again. */
export function modelResidencyHandler(providers: (runtimeId: string) => ProviderRegistry): EffectHandler {
  return {
    type: "model_residency",
    world: true,
    onInterrupted: "retry",
    retry: { attempts: 1, baseMs: 0, maxMs: 0 },
    async run({ payload }, { run: { runtime_id }, signal }): Promise<Effected> {
      const name = typeof payload["operation"] === "string" ? payload["operation"] : "list_loaded";
      const operation = operations[name];
      if (!operation) {
        const known = "list_loaded, load and unload";
        return { outcome: { status: "failed", error: `The operation '${name}' is not known (there are ${known})` } };
      }
      try {
        const result = await changeResidency(providers(runtime_id), readResidencyRequest(operation, payload), signal);
        const { error } = result;
        if (payload["required"] === true && typeof error === "string") return { outcome: { status: "failed", error } };
        return { outcome: { status: "completed", result } };
      } catch (error) {
        return { outcome: { status: "failed", error: messageOf(error) } };
      }
    },
  };
}
