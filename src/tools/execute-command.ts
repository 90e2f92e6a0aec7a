import { stat } from "node:fs/promises";
import { AppError } from "#core/errors.ts";
import { type Value, float, numberOf } from "#core/value.ts";
import { textOf } from "#tools/argument-values.ts";
import { workspaceOf } from "#tools/create-workspace.ts";
import { fileError } from "#tools/file-error.ts";
import { type CommandResult, runCommand } from "#tools/run-command.ts";
import type { Tool } from "#tools/tool.ts";
import type { ResolvedPath } from "#tools/workspace.ts";

const defaultTimeoutS = 30;
const maxTimeoutS = 600;
const maxCommandLength = 100_000;

/** All that a command gets of the gateway's environment: tokens and keys are nobody else's business. */
const inherited = ["PATH", "HOME", "LANG", "TMPDIR", "TERM"];

/** `environment` is the gateway's own. */
export function executeCommand(environment: Record<string, string | undefined>): Tool {
  return {
    name: "execute_command",
    description: `Runs a shell command (/bin/sh) and answers its output and exit code. It gets no input; what it leaves running in the background is ended with it. At most ${maxTimeoutS} seconds.`,
    when_to_use: "You need a program: a build, a test, git. For reading and changing files the file tools are better.",
    toolset: "system",
    parameters: {
      command: { type: "string", description: "The command line." },
      working_directory: { type: "string", description: "Where it runs, relative to the workspace.", default: "." },
      timeout: { type: "number", description: `Seconds it may take, up to ${maxTimeoutS}.`, default: defaultTimeoutS },
    },
    examples: [{ command: "python -m pytest -q", working_directory: "backend", timeout: 120 }],
    synonyms: {
      command: ["cmd", "shell_command", "bash", "script"],
      working_directory: ["cwd", "workdir", "working_dir", "directory", "dir", "path"],
      timeout: ["timeout_s", "timeout_seconds", "time_limit"],
    },
    paths: [{ argument: "working_directory", default: "." }],
    approval: "required",
    replay: "ask",
    // The command's own limit comes first.
    timeoutMs: (maxTimeoutS + 10) * 1000,
    async run(args, context) {
      const command = textOf(args, "command");
      checkCommand(command);
      const folder = await workspaceOf(context).resolve(textOf(args, "working_directory", "."));
      await checkFolder(folder);
      const result = await runCommand(command, {
        folder: folder.path,
        environment: passedOn(environment),
        timeoutMs: timeoutS(args["timeout"]) * 1000,
        signal: context.signal,
      });
      return report(command, result);
    },
  };
}

function checkCommand(command: string): void {
  if (command.trim() === "") throw new AppError("invalid_request", "The command is empty");
  if (command.includes("\0")) throw new AppError("invalid_request", "The command has a NUL character in it");
  if (command.length > maxCommandLength) {
    throw new AppError("too_large", `The command has ${command.length} characters; ${maxCommandLength} are allowed`);
  }
}

async function checkFolder({ path, shown }: ResolvedPath): Promise<void> {
  try {
    if ((await stat(path)).isDirectory()) return;
  } catch (error) {
    throw fileError(error, shown);
  }
  throw new AppError("invalid_request", `working_directory '${shown}' is not a folder`);
}

function timeoutS(value: Value | undefined): number {
  const seconds = numberOf(value) ?? defaultTimeoutS;
  if (!(seconds > 0)) throw new AppError("invalid_request", `timeout ${seconds} is not a number of seconds above 0`);
  return Math.min(seconds, maxTimeoutS);
}

function passedOn(environment: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(
    inherited.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]]])),
  );
}

function report(command: string, result: CommandResult): Value {
  const seconds = Math.round(result.durationMs) / 1000;
  const end = result.isTimedOut
    ? `killed after ${seconds} s: its time was up`
    : `exit code ${result.returnCode}, ${seconds} s`;
  const streams = [section("stdout", result.stdout), section("stderr", result.stderr)].flat();
  return {
    success: result.returnCode === 0 && !result.isTimedOut,
    return_code: result.returnCode,
    stdout: result.stdout,
    stderr: result.stderr,
    rendered: [`$ ${command}`, `[${end}]`, ...streams].join("\n"),
    duration_s: float(seconds),
    timed_out: result.isTimedOut,
    truncated: result.isTruncated,
  };
}

function section(name: string, text: string): string[] {
  return text === "" ? [] : [`--- ${name}`, text.replace(/\n$/, "")];
}
