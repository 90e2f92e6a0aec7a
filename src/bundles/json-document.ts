import { AppError } from "#core/errors.ts";
import { parseJson } from "#core/json.ts";
import { PyFloat, type Value } from "#core/value.ts";

/** Everything behind the reader walks documents recursively; the deepest real flow has 15 levels. */
const maxDepth = 200;

/** JSON from a bundle. AppError `invalid_request`: not UTF-8, not JSON, or nested too deeply. `what` starts the sentence. */
export function parseDocument(bytes: Uint8Array, what: string): Value {
  let value: Value;
  try {
    value = parseJson(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new AppError("invalid_request", `${what} ${reasonOf(cause)}`, { cause });
  }
  if (isDeeper(value)) throw new AppError("invalid_request", `${what} is nested deeper than ${maxDepth} levels`);
  return value;
}

function reasonOf(error: unknown): string {
  if (error instanceof SyntaxError) return `is not JSON: ${error.message.replace(/^JSON Parse error: /, "")}`;
  return error instanceof RangeError ? `is nested deeper than ${maxDepth} levels` : "is not UTF-8 text";
}

/** Level by level, without recursion: the value may be as deep as a stack is not. */
function isDeeper(root: Value): boolean {
  let level: Value[] = [root];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > maxDepth) return true;
    level = level.flatMap((value) => {
      if (Array.isArray(value)) return value;
      return typeof value === "object" && value !== null && !(value instanceof PyFloat) ? Object.values(value) : [];
    });
  }
  return false;
}
