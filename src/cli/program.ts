import { stripVTControlCharacters } from "node:util";
import { type ArgsDef, type CommandDef, renderUsage, runCommand } from "citty";
import { AppError, messageOf } from "#core/errors.ts";
import { commands } from "#cli/commands.ts";
import type { CliContext } from "#cli/context.ts";
import { exitCodeOfError } from "#cli/exit-codes.ts";
import { checkArguments } from "#cli/flags.ts";
import { notices, paintFor, print } from "#cli/terminal.ts";

const programName = "abstractgateway";

/** Runs one command line and answers its exit code. Never throws: an error becomes one sentence on stderr. */
export async function runProgram(argv: string[], context: CliContext): Promise<number> {
  const isVerbose = argv.includes("--verbose");
  const args = argv.filter((argument) => argument !== "--verbose");
  try {
    await dispatch(args, context);
    return context.exitCode;
  } catch (error) {
    return report(error, isVerbose, context);
  }
}

async function dispatch(args: string[], context: CliContext): Promise<void> {
  if (args.length === 0) return print(context, welcome(context));
  if (args[0] === "--version" || args[0] === "-v") return dispatch(["version", ...args.slice(1)], context);
  if (args[0] === "--help" || args[0] === "-h" || args[0] === "help") return printUsage(rootUsage(), [], context);
  const { command, path, rest } = await locate(args, context);
  if (asksForHelp(rest)) return printUsage(command, path, context);
  const definitions = (await resolved(command.args)) ?? {};
  checkArguments(rest, definitions);
  await runCommand({ ...command, subCommands: {} }, { rawArgs: rest });
}

interface Located {
  command: CommandDef;
  path: string[];
  rest: string[];
}

async function locate(args: string[], context: CliContext): Promise<Located> {
  const [name = "", ...rest] = args;
  const entry = commands.find((each) => each.name === name);
  if (!entry)
    throw unknown(
      name,
      commands.filter((each) => !each.hidden).map((each) => each.name),
    );
  return descend({ command: await entry.load(context), path: [name], rest });
}

/** Goes down to the sub-command that the arguments name. */
async function descend(located: Located): Promise<Located> {
  const children = (await resolved(located.command.subCommands)) ?? {};
  const names = Object.keys(children);
  const [name, ...rest] = located.rest;
  if (names.length === 0 || asksForHelp(located.rest.slice(0, 1))) return located;
  const child = name === undefined ? undefined : await resolved(children[name]);
  if (name !== undefined && child) return descend({ command: child, path: [...located.path, name], rest });
  if (located.command.run && (name === undefined || name.startsWith("-"))) return located;
  if (name === undefined) {
    throw new AppError("invalid_request", `'${located.path.join(" ")}' needs one of ${names.join(", ")}.`);
  }
  throw unknown([...located.path, name].join(" "), names);
}

function unknown(name: string, names: string[]): AppError {
  return new AppError("invalid_request", `Unknown command '${name}': expected one of ${names.join(", ")}.`);
}

function asksForHelp(args: string[]): boolean {
  const end = args.indexOf("--");
  return (end < 0 ? args : args.slice(0, end)).some((argument) => argument === "--help" || argument === "-h");
}

async function resolved<T>(value: T | Promise<T> | (() => T) | (() => Promise<T>) | undefined): Promise<T | undefined> {
  return typeof value === "function" ? (value as () => T | Promise<T>)() : value;
}

/** The root with its commands' names and descriptions, without loading them. */
function rootUsage(): CommandDef {
  const listed = commands
    .filter((each) => !each.hidden)
    .map(({ name, description }) => [name, { meta: { description } }]);
  return {
    meta: { name: programName, description: "A durable AI workflow gateway in one executable" },
    subCommands: Object.fromEntries(listed) as Record<string, CommandDef>,
  };
}

async function printUsage(command: CommandDef, path: string[], context: CliContext): Promise<void> {
  const definitions = (await resolved(command.args)) ?? {};
  const visible = Object.entries(definitions).filter(([, definition]) => definition.description !== undefined);
  const verbose: ArgsDef = { verbose: { type: "boolean", description: "Show where an error comes from" } };
  const meta = { ...(await resolved(command.meta)), name: [programName, ...path].join(" ") };
  const args = { ...Object.fromEntries(visible), ...(path.length === 0 ? {} : verbose) };
  const text = await renderUsage({ ...command, meta, args });
  const colored = paintFor(context, context.stdout)("bold", "") !== "";
  const shown = colored ? text : stripVTControlCharacters(text);
  print(context, shown.replace(/ +$/gm, "").trimEnd());
}

function welcome(context: CliContext): string {
  const bold = (text: string) => paintFor(context, context.stdout)("bold", text);
  return `${bold(programName)} runs durable AI workflows.

  ${bold("abstractgateway run hello")}      run the sample workflow here and now
  ${bold("abstractgateway config init")}    write .env with a new token and the folders to use
  ${bold("abstractgateway serve")}          serve the HTTP API with that configuration

\`abstractgateway --help\` lists all commands.`;
}

function report(error: unknown, isVerbose: boolean, context: CliContext): number {
  if (error instanceof AppError) {
    notices(context).error(isVerbose && error.stack ? error.stack : error.message);
    return exitCodeOfError[error.code];
  }
  const isUsage = error instanceof Error && error.name === "CLIError";
  const message = isUsage ? stripVTControlCharacters(messageOf(error)) : messageOf(error);
  notices(context).error(isVerbose && error instanceof Error ? (error.stack ?? message) : message);
  return exitCodeOfError[isUsage ? "invalid_request" : "internal"];
}
