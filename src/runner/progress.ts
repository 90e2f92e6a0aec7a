import type { JsonObject } from "#core/value.ts";
import type { PendingEffect } from "#engine/engine.ts";
import { appendProgress } from "#engine/records.ts";
import type { RunSession } from "#runner/session.ts";

/** More words of one attempt are for nobody. */
const maxProgress = 500;

/** Records how far an effect is, for as long as it is the one under way; `wake` has it committed. */
export function progressOf(
  session: RunSession,
  pending: PendingEffect,
  { isUnderWay, wake }: { isUnderWay: () => boolean; wake: () => void },
): (progress: JsonObject) => void {
  const { execution } = session;
  let told = 0;
  return (progress) => {
    const isMeant = isUnderWay() && execution.pending?.step_id === pending.step_id && !session.isTerminal;
    if (!isMeant || told >= maxProgress) return;
    appendProgress(execution, pending, { number: told++, progress });
    wake();
  };
}
