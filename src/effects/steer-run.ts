import type { EffectHandler } from "#effects/effect-handler.ts";
import type { Ledger } from "#ledger/ledger.ts";

/** Pauses, resumes or cancels a run of the same family. The order lies in the other run's mailbox with the same commit. */
export function steerRunHandler(ledger: Ledger): EffectHandler {
  return {
    type: "steer_run",
    world: false,
    onInterrupted: "retry",
    retry: { attempts: 1, baseMs: 0, maxMs: 0 },
    async run({ payload }, { run }) {
      const { run_id: runId, action, reason } = payload;
      if (typeof runId !== "string" || runId === "") return failed("steer_run needs a run_id");
      if (action !== "pause" && action !== "resume" && action !== "cancel") {
        return failed("steer_run: action must be pause, resume or cancel");
      }
      const target = await ledger.getRun(runId);
      if (target && target.runtime_id !== run.runtime_id) return failed(`steer_run: run '${runId}' not found`);
      const why = typeof reason === "string" ? reason : null;
      return {
        outcome: { status: "completed", result: { run_id: runId, action } },
        mail: [{ run_id: runId, kind: "control", action, reason: why }],
      };
    },
  };
}

function failed(error: string) {
  return { outcome: { status: "failed" as const, error } };
}
