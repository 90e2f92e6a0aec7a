import { isObject } from "#core/value.ts";
import { parseJson, stringifyJson } from "#core/json.ts";

/** Python's writer puts the three fields of the chain last and leaves a space after each separator. */
const chainFields =
  /,\s*"prev_hash":\s*(?:null|"[^"\\]*"),\s*"record_hash":\s*(?:null|"[^"\\]*"),\s*"signature":\s*(?:null|"[^"\\]*")\s*\}\s*$/;

/** Tokens that Python writes and JSON does not have; texts are matched first, so that nothing inside them is. */
const notJson = /"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g;

export interface ReadRecord {
  /** The record's own text without the chain fields: not one digit of it is written anew. */
  body: string;
  /** It held NaN or Infinity, which became null. */
  wasMended: boolean;
}

/** A record of the Python gateway. Null when the text is no JSON object. */
export function readRecord(text: string): ReadRecord | null {
  let json = text.trim();
  let wasMended = false;
  if (!isJson(json)) {
    json = json.replace(notJson, (token) => (token.startsWith('"') ? token : "null"));
    wasMended = true;
    if (!isJson(json)) return null;
  }
  const tail = chainFields.exec(json);
  const body = tail ? `${json.slice(0, tail.index)}}` : withoutChain(json);
  return body === null || !isJson(body) ? null : { body, wasMended };
}

function isJson(text: string): boolean {
  try {
    return isObject(JSON.parse(text));
  } catch {
    return false;
  }
}

/** The fields stand elsewhere: the record is written anew. */
function withoutChain(json: string): string | null {
  const value = parseJson(json);
  if (!isObject(value)) return null;
  const rest = Object.entries(value).filter(([key]) => !["prev_hash", "record_hash", "signature"].includes(key));
  return rest.length === 0 ? null : stringifyJson(Object.fromEntries(rest));
}
