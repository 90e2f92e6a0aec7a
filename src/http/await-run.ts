import { AppError } from "#core/errors.ts";
import type { Run } from "#core/run.ts";
import type { Services } from "#http/services.ts";

/** Waits until a run is as `isReady` wants it. AppError `cancelled` when the client has gone. */
export async function awaitRun(
  { ledger }: Services,
  runId: string,
  { isReady, signal }: { isReady: (run: Run) => boolean; signal: AbortSignal },
): Promise<Run> {
  const found = Promise.withResolvers<Run>();
  const look = async () => {
    const run = await ledger.getRun(runId);
    if (!run) found.reject(new AppError("gone", `Run '${runId}' is not there any more`));
    else if (isReady(run)) found.resolve(run);
  };
  const unsubscribe = ledger.watch(runId, () => void look().catch(found.reject));
  const leave = () => found.reject(new AppError("cancelled", "The client has gone"));
  signal.addEventListener("abort", leave);
  try {
    await look();
    return await found.promise;
  } finally {
    signal.removeEventListener("abort", leave);
    unsubscribe();
  }
}
