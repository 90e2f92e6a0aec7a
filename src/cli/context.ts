import type { Settings } from "#config/settings.ts";
import type { Log } from "#core/log.ts";

/** Everything a command takes from the process, so that a test can own it. */
export interface CliContext {
  env: Record<string, string | undefined>;
  cwd: string;
  stdin: NodeJS.ReadableStream & { isTTY?: boolean };
  stdout: Output;
  stderr: Output;
  /** Says what each SIGINT or SIGTERM does from now on; the returned function takes it back. */
  onSignal(listener: (signal: "SIGINT" | "SIGTERM") => void): () => void;
  /** Ends the process at once: the second ^C of somebody who does not want to wait. */
  abort(exitCode: number): void;
  /** The composition root. Loaded when needed, so that `--help` does not pay for it. */
  createApp(settings: Settings, options: { log: Log; isShared?: boolean }): Promise<App>;
  /** Set by a command; 0 when it says nothing. */
  exitCode: number;
}

export interface Output {
  /** False asks to wait for `drain` before more is written. */
  write(text: string): unknown;
  once?(event: "drain", listener: () => void): unknown;
  isTTY?: boolean;
}

/** The part of the running gateway that commands use. */
export interface App {
  listen(options?: { http?: boolean; sharesPort?: boolean }): Promise<{ url: string | null }>;
  stop(): Promise<void>;
}

export function isInteractive(context: CliContext): boolean {
  return context.stdin.isTTY === true && context.stderr.isTTY === true;
}
