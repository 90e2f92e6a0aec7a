import type { CliContext } from "#cli/context.ts";
import type { Settings } from "#config/settings.ts";
import { createLog } from "#cli/log.ts";
import { notices } from "#cli/terminal.ts";

/** Resolves with the first SIGINT or SIGTERM; the second one ends the process at once. */
export function stopSignal(context: CliContext): { stopped: Promise<"SIGINT" | "SIGTERM">; release: () => void } {
  const { promise, resolve } = Promise.withResolvers<"SIGINT" | "SIGTERM">();
  let count = 0;
  const release = context.onSignal((signal) => {
    if (++count > 1) context.abort(signal === "SIGINT" ? 130 : 143);
    resolve(signal);
  });
  return { stopped: promise, release };
}

/** Waits for the signal and says what it does. */
export async function untilStopped(
  context: CliContext,
  { signal, settings }: { signal: ReturnType<typeof stopSignal>; settings: Settings },
): Promise<void> {
  const name = await signal.stopped;
  // Whoever reads JSON reads nothing else.
  if (settings.logFormat === "json") createLog(context, settings).write("info", "Stopping", { signal: name });
  else notices(context).log("Stopping: work in flight is finished first. ^C again ends at once.");
}
