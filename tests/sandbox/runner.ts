import { afterAll } from "bun:test";
import { join } from "node:path";
import type { JsonObject, Value } from "#core/value.ts";
import { type CodeOutcome, type CodeRequest, CodeRunner, type CodeRunnerOptions } from "#sandbox/code-runner.ts";
import { pythonSnapshot } from "../../build/python-snapshot.ts";
import { root } from "../../build/paths.ts";

export const sandboxCommand = [process.execPath, join(root, "src/cli/main.ts"), "sandbox-worker"];

/** A runner of the sources, closed after the file's tests. */
export async function openRunner(options: Partial<CodeRunnerOptions> = {}): Promise<CodeRunner> {
  const snapshotPath = await pythonSnapshot();
  const runner = new CodeRunner({ command: sandboxCommand, snapshotPath, isFullAccessAllowed: true, ...options });
  afterAll(() => runner.close());
  return runner;
}

export function never(): AbortSignal {
  return new AbortController().signal;
}

export function call(
  runner: CodeRunner,
  request: Partial<CodeRequest> & { source: string },
  signal = never(),
): Promise<CodeOutcome> {
  return runner.run(
    { language: "python", functionName: "transform", input: {}, permissions: "sandbox", ...request },
    signal,
  );
}

/** The value, or the error as a text that starts with `!`. */
export async function outcome(runner: CodeRunner, request: Partial<CodeRequest> & { source: string }): Promise<Value> {
  const result = await call(runner, request);
  return "error" in result ? `!${result.error}` : result.value;
}

/** A function's body with one local per entry of the input. */
export function body(source: string, input: JsonObject = {}): Partial<CodeRequest> & { source: string } {
  return { source, input, locals: Object.keys(input).map((name) => [name, name]) };
}
