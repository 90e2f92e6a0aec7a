import { AppError } from "#core/errors.ts";

type Variables = Record<string, string | undefined>;

/** Reads typed values out of variables; every error names the variable that is set, its value and what is allowed. */
export class VariableReader {
  #layers: Variables[];
  #asked = new Set<string>();

  /** `layers`: the environment first, then the `.env` file. */
  constructor(layers: Variables[]) {
    this.#layers = layers;
  }

  /** Every name that somebody asked for: all that the gateway knows. */
  get asked(): ReadonlySet<string> {
    return this.#asked;
  }

  /** The first of the names that is set and not blank. An old name in the environment wins over a new one in the file. */
  text(...names: string[]): string | null {
    return this.#find(names)?.value ?? null;
  }

  flag(preset: boolean, ...names: string[]): boolean {
    const found = this.#find(names);
    if (!found) return preset;
    if (/^(1|true|yes|on)$/i.test(found.value)) return true;
    if (/^(0|false|no|off)$/i.test(found.value)) return false;
    throw refuse(found, "must be true or false");
  }

  number(preset: number, range: { min: number; max: number; whole?: boolean }, ...names: string[]): number {
    const found = this.#find(names);
    if (!found) return preset;
    const isWhole = range.whole !== false;
    const number = Number(found.value);
    const isInRange = /\d/.test(found.value) && number >= range.min && number <= range.max;
    if (isInRange && (!isWhole || Number.isInteger(number))) return number;
    throw refuse(found, `must be a ${isWhole ? "whole number" : "number"} from ${range.min} to ${range.max}`);
  }

  list(preset: string[], ...names: string[]): string[] {
    const found = this.#find(names);
    if (!found) return preset;
    return found.value
      .split(",")
      .map((each) => each.trim())
      .filter((each) => each !== "");
  }

  /** One of some words. `aliases` are read as the word that they stand for. */
  choice<T extends string>(
    preset: T,
    { allowed, aliases = {} }: { allowed: readonly T[]; aliases?: Record<string, T> },
    ...names: string[]
  ): T {
    const found = this.#find(names);
    if (!found) return preset;
    const word = found.value.toLowerCase();
    const value = allowed.find((each) => each === word) ?? (Object.hasOwn(aliases, word) ? aliases[word] : undefined);
    if (value !== undefined) return value;
    throw refuse(found, `must be one of ${allowed.join(", ")}`);
  }

  #find(names: string[]): { name: string; value: string } | null {
    for (const name of names) this.#asked.add(name);
    for (const layer of this.#layers) {
      for (const name of names) {
        const value = layer[name]?.trim();
        if (value) return { name, value };
      }
    }
    return null;
  }
}

function refuse({ name, value }: { name: string; value: string }, rule: string): AppError {
  return new AppError("invalid_request", `${name} ${rule}, not '${value.slice(0, 100)}'`);
}

/** A variable's name and its legacy alias. */
export function gateway(name: string): string[] {
  return [`ABSTRACTGATEWAY_${name}`, `ABSTRACTFLOW_GATEWAY_${name}`];
}
