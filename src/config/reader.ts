import type { Variable } from "#config/variable.ts";

/** Where values come from: the environment first, then the `.env` file. */
export interface Layer {
  source: string;
  values: Record<string, string | undefined>;
}

export interface Found {
  name: string;
  value: string;
  source: string;
}

/** Reads declared variables, and no others; every error names the variable that is set, its value and what is allowed. */
export class VariableReader {
  #layers: Layer[];

  constructor(layers: Layer[]) {
    this.#layers = layers;
  }

  get<T>(variable: Variable<T>): T {
    const found = this.find(variable);
    return found ? variable.parse(found.value, found.name) : variable.preset;
  }

  /** The first of the names that is set and not blank. An old name in the environment wins over a new one in the file. */
  find({ names }: { names: readonly string[] }): Found | null {
    for (const { source, values } of this.#layers) {
      for (const name of names) {
        const value = values[name]?.trim();
        if (value) return { name, value, source };
      }
    }
    return null;
  }
}
