import { AppError } from "#core/errors.ts";

/** One variable of the environment: how it is read, and what README's table and `config get` say of it. This is its only description. */
export interface Variable<T> {
  /** The first that is set counts. */
  names: readonly string[];
  preset: T;
  /** The preset and what is allowed, in words. */
  shown: { preset: string; allowed: string };
  meaning: string;
  /** Its value is never printed. */
  isSecret: boolean;
  /** AppError `invalid_request` with the name, the value and what is allowed. */
  parse(text: string, name: string): T;
}

interface About {
  meaning: string;
  /** The preset in words, where its value does not say it. */
  shown?: string;
  isSecret?: boolean;
}

/** A variable's name and its old one. */
export function gateway(name: string): string[] {
  return [`ABSTRACTGATEWAY_${name}`, `ABSTRACTFLOW_GATEWAY_${name}`];
}

export function text(names: string[], about: About): Variable<string | null> {
  return variable(names, { ...about, preset: null, allowed: "text", parse: (value) => value });
}

export function flag(names: string[], about: About & { preset: boolean }): Variable<boolean> {
  const parse = (value: string, name: string) => {
    if (/^(1|true|yes|on)$/i.test(value)) return true;
    if (/^(0|false|no|off)$/i.test(value)) return false;
    throw refuse(name, "must be true or false", value);
  };
  return variable(names, { ...about, shown: about.preset ? "1" : "0", allowed: "true, false", parse });
}

/** Null when nobody says anything. */
export function optionalFlag(names: string[], about: About): Variable<boolean | null> {
  const { parse } = flag(names, { ...about, preset: false });
  return variable<boolean | null>(names, { ...about, preset: null, allowed: "true, false", parse });
}

export interface NumberRange {
  min: number;
  max: number;
  /** Default true. */
  whole?: boolean;
}

export function number<T extends number | null>(
  names: string[],
  about: About & NumberRange & { preset: T },
): Variable<number | T> {
  const { min, max, whole = true } = about;
  const kind = whole ? "whole number" : "number";
  const parse = (value: string, name: string) => {
    const parsed = Number(value);
    const isInRange = /\d/.test(value) && parsed >= min && parsed <= max;
    if (isInRange && (!whole || Number.isInteger(parsed))) return parsed;
    throw refuse(name, `must be a ${kind} from ${min} to ${max}`, value);
  };
  return variable<number | T>(names, { ...about, allowed: range(about), parse });
}

function range({ min, max, whole = true }: NumberRange): string {
  const kind = whole ? "" : "number, ";
  if (max < Number.MAX_SAFE_INTEGER) return `${kind}${min} to ${max}`;
  return min > -Number.MAX_SAFE_INTEGER ? `${kind}at least ${min}` : "whole number";
}

export function list(names: string[], about: About & { preset: string[] }): Variable<string[]> {
  const parse = (value: string) =>
    value
      .split(",")
      .map((each) => each.trim())
      .filter((each) => each !== "");
  return variable(names, { shown: about.preset.join(","), ...about, allowed: "list with commas", parse });
}

/** One of some words. `aliases` are read as the word that they stand for. */
export function choice<T extends string>(
  names: string[],
  about: About & { preset: T; allowed: readonly T[]; aliases?: Record<string, T> },
): Variable<T> {
  const { allowed, aliases = {} } = about;
  const parse = (given: string, name: string) => {
    const word = given.toLowerCase();
    const value = allowed.find((each) => each === word) ?? (Object.hasOwn(aliases, word) ? aliases[word] : undefined);
    if (value !== undefined) return value;
    throw refuse(name, `must be one of ${allowed.join(", ")}`, given);
  };
  return variable(names, { ...about, allowed: allowed.join(", "), parse });
}

/** An http or https address, without slashes at its end. */
export function address<T extends string | null>(names: string[], about: About & { preset: T }): Variable<string | T> {
  return variable<string | T>(names, { ...about, allowed: "http or https address", parse: checkedUrl });
}

export function checkedUrl(value: string, name: string): string {
  const url = URL.canParse(value) ? new URL(value) : null;
  if (url && /^https?:$/.test(url.protocol)) return value.replace(/\/+$/, "");
  throw refuse(name, "must be an http or https address", value);
}

/** Anything else. */
export function variable<T>(
  names: string[],
  about: About & { preset: T; allowed: string; parse: (value: string, name: string) => T },
): Variable<T> {
  const { preset, shown, allowed, parse, meaning, isSecret = false } = about;
  return { names, preset, shown: { preset: shown ?? inWords(preset), allowed }, meaning, isSecret, parse };
}

function inWords(preset: unknown): string {
  if (typeof preset === "number" || typeof preset === "string") return String(preset);
  return "";
}

export function refuse(name: string, rule: string, value: string): AppError {
  return new AppError("invalid_request", `${name} ${rule}, not '${value.slice(0, 100)}'`);
}
