import { type JsonObject, type Value, numberOf } from "#core/value.ts";

/** A text option; undefined when it is not set. */
export function textOption(options: JsonObject, ...names: string[]): string | undefined {
  for (const name of names) {
    const value = options[name];
    if (typeof value === "string" && value.trim() !== "") return value.trim();
  }
  return undefined;
}

export function numberOption(options: JsonObject, ...names: string[]): number | undefined {
  for (const name of names) {
    const value = numberOf(options[name]);
    if (value !== null) return value;
  }
  return undefined;
}

/** `1024x1024`, from `size` or from width and height. */
export function sizeOption(options: JsonObject): `${number}x${number}` | undefined {
  const size = textOption(options, "size");
  if (size && /^\d{1,5}x\d{1,5}$/.test(size)) return size as `${number}x${number}`;
  const width = numberOption(options, "width");
  const height = numberOption(options, "height");
  return width === undefined || height === undefined ? undefined : `${Math.trunc(width)}x${Math.trunc(height)}`;
}

/** Those that are set, as they are. */
export function pickOptions(options: JsonObject, names: readonly string[]): JsonObject {
  const set = (value: Value | undefined) => value !== undefined && value !== null && value !== "";
  return Object.fromEntries(names.filter((name) => set(options[name])).map((name) => [name, options[name] ?? null]));
}

/** A value as JSON has it. */
export function plain(value: Value): unknown {
  return numberOf(value) ?? value;
}

/** A value as a form has it. */
export function formText(value: Value): string {
  return typeof value === "string" ? value : JSON.stringify(plain(value));
}
