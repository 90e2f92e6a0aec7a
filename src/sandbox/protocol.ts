/** Languages of code nodes. */
export const languages = ["python", "javascript"] as const;
export type Language = (typeof languages)[number];

/** `sandbox`: checked code and few builtins. `full_access`: the whole language, behind the same walls of the process. */
export type Permissions = "sandbox" | "full_access";

/** A call as it goes to the worker. `input` is JSON text, because an IPC message would lose the difference of 5 and 5.0. */
export interface WorkerCall {
  source: string;
  functionName: string;
  /** When given, `source` is a function's body, and each local is read from the input by its pin. */
  locals: [name: string, pin: string][] | null;
  input: string;
  permissions: Permissions;
  /** The gateway stops the code at this time; the process itself a little later. */
  timeoutMs: number;
  memoryBytes: number;
  maxResultBytes: number;
}

/** What the code came to: JSON text of its result, or one sentence. */
export type CodeResult = { value: string } | { error: string };

export interface Usage {
  durationMs: number;
  cpuTimeMs: number;
}

export type ToWorker = { kind: "run"; call: WorkerCall };

export type FromWorker =
  /** It has started, or has cleaned up after a call. */
  | { kind: "ready" }
  /** It could not start. */
  | { kind: "broken"; message: string }
  | { kind: "done"; result: CodeResult; usage: Usage }
  /** After a call that leaves traces: this process must not be used again. */
  | { kind: "spent" };

/** An interpreter inside the worker. */
export interface Interpreter {
  run(call: WorkerCall): CodeResult;
  /** Brings it back to how it was before the call; false when that is not possible. */
  reset(): boolean;
}
