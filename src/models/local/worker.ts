import { AppError, messageOf } from "#core/errors.ts";
import { LocalEngine } from "#models/local/engine.ts";
import { loadLlama } from "#models/local/native.ts";
import type { FromWorker, ToWorker } from "#models/local/protocol.ts";

/**
 * The inference process: native code lives and dies here, away from the ledger. Ends when its parent does. `env` is the process's
 * environment, handed in by the entry point.
 */
export function runInferenceWorker(env: Record<string, string | undefined>): void {
  let engine: Promise<LocalEngine> | null = null;
  let configured: Extract<ToWorker, { kind: "configure" }> = { kind: "configure", threads: null, cacheDir: null };
  const running = new Map<number, AbortController>();
  const load = () => {
    const { threads, cacheDir } = configured;
    engine ??= loadLlama({ threads, cacheDir, env }).then((llama) => new LocalEngine(llama));
    engine.catch(() => (engine = null));
    return engine;
  };
  process.on("disconnect", () => process.exit(0));
  process.on("message", (message: ToWorker) => {
    if (message.kind === "configure") configured = message;
    else if (message.kind === "abort")
      running.get(message.id)?.abort(new AppError("cancelled", "The call was cancelled"));
    else void generate(load, running, message);
  });
  send({ kind: "ready" });
}

async function generate(
  load: () => Promise<LocalEngine>,
  running: Map<number, AbortController>,
  { id, modelPath, request, wantsDeltas }: Extract<ToWorker, { kind: "generate" }>,
): Promise<void> {
  const controller = new AbortController();
  running.set(id, controller);
  try {
    const engine = await load();
    const onDelta = wantsDeltas ? (text: string) => send({ kind: "delta", id, text }) : () => undefined;
    send({
      kind: "result",
      id,
      result: await engine.generate(modelPath, request, { signal: controller.signal, onDelta }),
    });
  } catch (error) {
    const known = controller.signal.aborted ? controller.signal.reason : error;
    const { code, retryable } = known instanceof AppError ? known : { code: "internal" as const, retryable: false };
    send({ kind: "error", id, code, message: messageOf(known), retryable });
  } finally {
    running.delete(id);
  }
}

function send(message: FromWorker): void {
  // After the parent's end there is nobody to tell, and the disconnect ends this process.
  if (process.connected) process.send?.(message);
}
