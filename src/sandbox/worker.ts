import { messageOf } from "#core/errors.ts";
import { openAlarm } from "#sandbox/alarm.ts";
import { closeKernelWall } from "#sandbox/kernel-wall.ts";
import { openJavascript } from "#sandbox/javascript/javascript-interpreter.ts";
import { openPython } from "#sandbox/python/python-interpreter.ts";
import type { FromWorker, Interpreter, ToWorker, Usage } from "#sandbox/protocol.ts";

/** The sandbox process: the code of flows runs here and nowhere else. Told are the language, then the file of Python's snapshot, where there is one. Ends when its parent does. */
export async function runSandboxWorker([language, snapshotPath]: string[]): Promise<void> {
  process.on("disconnect", () => process.exit(0));
  try {
    const interpreter = language === "python" ? await openPython(snapshotPath ?? null) : await openJavascript();
    const setAlarm = openAlarm();
    closeKernelWall();
    process.on("message", (message: ToWorker) => {
      setAlarm(Math.ceil(message.call.timeoutMs / 1000) + 1);
      answer(interpreter, message);
      setAlarm(0);
    });
    send({ kind: "ready" });
  } catch (error) {
    send({ kind: "broken", message: messageOf(error) });
  }
}

function answer(interpreter: Interpreter, { call }: ToWorker): void {
  const from = { time: performance.now(), cpu: process.cpuUsage() };
  const result = interpreter.run(call);
  const { user, system } = process.cpuUsage(from.cpu);
  const usage: Usage = {
    durationMs: performance.now() - from.time,
    cpuTimeMs: (user + system) / 1000,
  };
  // Answered before the memory is put back, which takes longer than a small call.
  send({ kind: "done", result, usage });
  send({ kind: interpreter.reset() ? "ready" : "spent" });
}

function send(message: FromWorker): void {
  if (process.connected) process.send?.(message);
}
