import { parseJson } from "#core/json.ts";
import { type Value, isObject } from "#core/value.ts";

/**
 * The data in an answer that should be JSON, also when the model put words or a code fence around it. What is no object becomes
 * `{value}` (contract flow-runtime 4.2); null when there is no JSON in it.
 */
export function readData(content: string): Value {
  for (const text of [content, content.replace(/^[^{[]*/s, "").replace(/[^}\]]*$/s, "")]) {
    try {
      const value = parseJson(text);
      return isObject(value) ? value : { value };
    } catch {
      // The next reading may do.
    }
  }
  return null;
}
