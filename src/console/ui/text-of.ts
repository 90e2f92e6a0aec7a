import type { Value } from "#core/value.ts";

/** A word that should be a text, whatever it is. */
export function textOf(value: Value | undefined): string {
  return typeof value === "string" ? value : JSON.stringify(value ?? null);
}
