import type { JsonObject } from "#core/value.ts";

// What `run` receives has passed `canonicalArguments`: names are known and types are right. These only tell TypeScript so, and
// take the default where a caller went another way.

export function textOf(args: JsonObject, name: string, otherwise = ""): string {
  const value = args[name];
  return typeof value === "string" ? value : otherwise;
}

export function flagOf(args: JsonObject, name: string): boolean {
  return args[name] === true;
}

export function textsOf(args: JsonObject, name: string): string[] {
  const value = args[name];
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}

/** An integer, kept between two bounds. */
export function countOf(
  args: JsonObject,
  name: string,
  bounds: { min: number; max: number; otherwise: number },
): number {
  const value = args[name];
  if (typeof value !== "number") return bounds.otherwise;
  return Math.min(bounds.max, Math.max(bounds.min, Math.trunc(value)));
}
