import { constants } from "node:os";
import { AppError, messageOf } from "#core/errors.ts";
import { newHexId } from "#core/ids.ts";
import { HeadAndTail } from "#tools/head-and-tail.ts";
import { commandMark, killMarked } from "#tools/marked-processes.ts";
import { stopIfAborted } from "#tools/stop-if-aborted.ts";

const headBytes = 20_000;
const tailBytes = 20_000;
/** After the end of a command its pipes are read this long; a process that left the group may hold them open for ever. */
const drainMs = 500;

export interface CommandOptions {
  folder: string;
  environment: Record<string, string>;
  timeoutMs: number;
  signal: AbortSignal;
}

export interface CommandResult {
  /** As shells count: 128 and the signal's number when a signal ended it. */
  returnCode: number;
  stdout: string;
  stderr: string;
  durationMs: number;
  isTimedOut: boolean;
  isTruncated: boolean;
}

/**
 * Runs a shell command in a session of its own. Whatever it has started, in the background and in other sessions too, is killed when it ends, when its
 * time is up and when the signal is aborted. AppError `cancelled`, and `unsupported` on a system without a shell.
 */
export async function runCommand(command: string, options: CommandOptions): Promise<CommandResult> {
  stopIfAborted(options.signal);
  const from = performance.now();
  const mark = newHexId();
  const child = start(command, options, mark);
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  let isTimedOut = false;
  const kill = () => {
    killGroup(child.pid);
    killMarked(mark);
  };
  const timer = setTimeout(() => {
    isTimedOut = true;
    kill();
  }, options.timeoutMs);
  options.signal.addEventListener("abort", kill);
  try {
    await child.exited;
    kill();
    await Promise.race([Promise.all([stdout.done, stderr.done]), Bun.sleep(drainMs)]);
  } finally {
    clearTimeout(timer);
    options.signal.removeEventListener("abort", kill);
    stdout.stop();
    stderr.stop();
  }
  stopIfAborted(options.signal);
  return {
    returnCode: child.exitCode ?? 128 + signalNumber(child.signalCode),
    stdout: stdout.output.text(),
    stderr: stderr.output.text(),
    durationMs: performance.now() - from,
    isTimedOut,
    isTruncated: stdout.output.isCut || stderr.output.isCut,
  };
}

function start(command: string, { folder, environment }: CommandOptions, mark: string) {
  try {
    return Bun.spawn(["/bin/sh", "-c", command], {
      cwd: folder,
      env: { ...environment, [commandMark]: mark },
      stdio: ["ignore", "pipe", "pipe"],
      // A session, and so a process group, of its own.
      detached: true,
    });
  } catch (error) {
    throw new AppError("unsupported", `The command could not be started: ${messageOf(error)}`, { cause: error });
  }
}

function killGroup(leader: number): void {
  try {
    process.kill(-leader, "SIGKILL");
  } catch {
    // Nobody of the group is left.
  }
}

function signalNumber(signal: NodeJS.Signals | number | null): number {
  return typeof signal === "string" ? constants.signals[signal] : (signal ?? 0);
}

function collect(stream: ReadableStream<Uint8Array>): { output: HeadAndTail; done: Promise<void>; stop: () => void } {
  const output = new HeadAndTail({ headBytes, tailBytes });
  const reader = stream.getReader();
  const read = async () => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      output.add(value);
    }
  };
  // A pipe that breaks has said all that it will say.
  return { output, done: read().catch(() => undefined), stop: () => void reader.cancel().catch(() => undefined) };
}
