import { type Value, isObject } from "#core/value.ts";

/** `a.b[0].c` as its parts. Empty for an empty path. */
export function parsePath(path: string): string[] {
  return path
    .replace(/\[(-?\d+|'[^']*'|"[^"]*")\]/g, (_, key: string) => `.${key.replace(/^['"]|['"]$/g, "")}`)
    .split(".")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

/** The value at a path of object keys and list indices; undefined when anything on the way is missing. */
export function getPath(root: Value | undefined, path: string | string[]): Value | undefined {
  let at: Value | undefined = root;
  for (const key of typeof path === "string" ? parsePath(path) : path) {
    if (Array.isArray(at)) {
      if (!/^-?\d+$/.test(key)) return undefined;
      at = at.at(Number(key));
    } else at = isObject(at) && Object.hasOwn(at, key) ? at[key] : undefined;
    if (at === undefined) return undefined;
  }
  return at;
}
