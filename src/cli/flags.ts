import { type ArgsDef, parseArgs } from "citty";
import { AppError } from "#core/errors.ts";

/**
 * Refuses what citty would silently ignore: unknown flags, flags without their value, arguments too many. AppError `invalid_request` names
 * the flag or the argument.
 */
export function checkArguments(rawArgs: string[], definitions: ArgsDef): void {
  const known = knownFlags(definitions);
  let free = 0;
  const end = rawArgs.indexOf("--");
  const flags = end < 0 ? rawArgs : rawArgs.slice(0, end);
  for (let index = 0; index < flags.length; index++) {
    const argument = flags[index] ?? "";
    if (!argument.startsWith("-") || argument === "-") {
      free++;
      continue;
    }
    const [name, value] = splitFlag(argument);
    const kind = known.get(name);
    if (!kind) throw new AppError("invalid_request", `Unknown option '${name}'.`);
    if (kind === "boolean" || value !== undefined) continue;
    const next = flags[++index];
    if (next === undefined) throw new AppError("invalid_request", `Option '${name}' needs a value.`);
  }
  checkPositionals(rawArgs, definitions, end < 0 ? free : free + rawArgs.length - end - 1);
}

function splitFlag(argument: string): [string, string | undefined] {
  const equals = argument.indexOf("=");
  return equals < 0 ? [argument, undefined] : [argument.slice(0, equals), argument.slice(equals + 1)];
}

function knownFlags(definitions: ArgsDef): Map<string, "boolean" | "string"> {
  const known = new Map<string, "boolean" | "string">();
  for (const [name, definition] of Object.entries(definitions)) {
    if (definition.type === "positional") continue;
    const kind = definition.type === "boolean" ? "boolean" : "string";
    const aliases = "alias" in definition ? [definition.alias ?? []].flat() : [];
    for (const each of [name, ...aliases]) known.set(each.length === 1 ? `-${each}` : `--${each}`, kind);
    if (kind === "boolean" && definition.default === true) known.set(`--no-${name}`, kind);
  }
  return known;
}

function checkPositionals(rawArgs: string[], definitions: ArgsDef, given: number): void {
  const allowed = Object.values(definitions).filter((definition) => definition.type === "positional");
  if (given > allowed.length) {
    const extra = parseArgs(rawArgs, definitions)._[allowed.length] ?? "";
    throw new AppError("invalid_request", `Unexpected argument '${extra}'.`);
  }
  const missing = allowed.slice(given).find((definition) => definition.required !== false);
  if (!missing) return;
  const name = Object.keys(definitions).find((key) => definitions[key] === missing) ?? "";
  throw new AppError("invalid_request", `The argument <${name}> is missing: ${missing.description ?? ""}`);
}

/** A whole number within bounds; AppError `invalid_request` names the option. */
export function wholeNumber(name: string, text: string, range: { min: number; max: number }): number {
  const value = Number(text);
  if (/^-?\d+$/.test(text.trim()) && value >= range.min && value <= range.max) return value;
  throw new AppError(
    "invalid_request",
    `Option '--${name}' must be a whole number from ${range.min} to ${range.max}, not '${text}'.`,
  );
}

/** The values of an option that may be given several times: citty keeps the last one only. */
export function optionValues(rawArgs: string[], name: string, alias = ""): string[] {
  const flags = alias === "" ? [`--${name}`] : [`--${name}`, `-${alias}`];
  const values: string[] = [];
  for (let index = 0; index < rawArgs.length; index++) {
    const argument = rawArgs[index] ?? "";
    if (argument === "--") break;
    const flag = flags.find((each) => argument === each || argument.startsWith(`${each}=`));
    if (flag === undefined) continue;
    values.push(argument === flag ? (rawArgs[++index] ?? "") : argument.slice(flag.length + 1));
  }
  return values;
}

/** `--runs-days 30` as `{runs_days: 30}`; nothing when it was not given. AppError `invalid_request` names the option. */
export function daysOption(name: string, text: string | undefined): Record<string, number> {
  if (text === undefined) return {};
  const value = Number(text);
  if (/^\d+(\.\d+)?$/.test(text.trim()) && value <= 100_000) return { [name.replace("-", "_")]: value };
  throw new AppError("invalid_request", `Option '--${name}' must be a number of days from 0 to 100000, not '${text}'.`);
}
