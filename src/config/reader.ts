import { AppError } from "#core/errors.ts";

/** Reads typed values out of variables; every error names the variable, the value and what is allowed. */
export class VariableReader {
  #values: Record<string, string | undefined>;

  constructor(values: Record<string, string | undefined>) {
    this.#values = values;
  }

  /** The first of the names that is set and not blank. */
  text(...names: string[]): string | null {
    for (const name of names) {
      const value = this.#values[name]?.trim();
      if (value) return value;
    }
    return null;
  }

  flag(preset: boolean, ...names: string[]): boolean {
    const value = this.text(...names);
    if (value === null) return preset;
    if (/^(1|true|yes|on)$/i.test(value)) return true;
    if (/^(0|false|no|off)$/i.test(value)) return false;
    throw new AppError("invalid_request", `${names[0]} must be true or false, not '${value}'`);
  }

  number(preset: number, range: { min: number; max: number; whole?: boolean }, ...names: string[]): number {
    const value = this.text(...names);
    if (value === null) return preset;
    const number = Number(value);
    const isOk = Number.isFinite(number) && number >= range.min && number <= range.max;
    if (!isOk || (range.whole !== false && !Number.isInteger(number))) {
      const kind = range.whole === false ? "number" : "whole number";
      throw new AppError(
        "invalid_request",
        `${names[0]} must be a ${kind} from ${range.min} to ${range.max}, not '${value}'`,
      );
    }
    return number;
  }

  list(preset: string[], ...names: string[]): string[] {
    const value = this.text(...names);
    if (value === null) return preset;
    return value
      .split(",")
      .map((each) => each.trim())
      .filter((each) => each !== "");
  }

  choice<T extends string>(preset: T, allowed: readonly T[], ...names: string[]): T {
    const value = this.text(...names)?.toLowerCase() ?? preset;
    const found = allowed.find((each) => each === value);
    if (found) return found;
    throw new AppError("invalid_request", `${names[0]} must be one of ${allowed.join(", ")}, not '${value}'`);
  }
}

/** A variable's name and its legacy alias. */
export function gateway(name: string): string[] {
  return [`ABSTRACTGATEWAY_${name}`, `ABSTRACTFLOW_GATEWAY_${name}`];
}
