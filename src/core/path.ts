import { type Value, isObject } from "#core/value.ts";

/** Paths are names that people write; this keeps a long text that came in by mistake from costing anything. */
const maxPathLength = 2000;

/** `a.b[0].c` as its parts. A key that has dots or brackets itself is quoted: `a['b.c']`. Empty for an empty path. */
export function parsePath(path: string): string[] {
  if (path.length > maxPathLength) throw new Error(`a path is longer than ${maxPathLength} characters`);
  const parts = [...path.matchAll(/\[(?:'([^']*)'|"([^"]*)")\]|[^.[\]]+/g)];
  return parts.map((part) => part[1] ?? part[2] ?? part[0].trim()).filter((part) => part !== "");
}

/** The value at a path of object keys and list indices (from zero); undefined when anything on the way is missing. */
export function getPath(root: Value | undefined, path: string | readonly string[]): Value | undefined {
  let at: Value | undefined = root;
  for (const key of typeof path === "string" ? parsePath(path) : path) {
    if (Array.isArray(at)) at = /^\d+$/.test(key) ? at[Number(key)] : undefined;
    else at = isObject(at) && Object.hasOwn(at, key) ? at[key] : undefined;
    if (at === undefined) return undefined;
  }
  return at;
}
