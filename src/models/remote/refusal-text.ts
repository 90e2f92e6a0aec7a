import { AppError } from "#core/errors.ts";
import { parseJson } from "#core/json.ts";
import { isObject } from "#core/value.ts";

/** The connection ended, or the stream did, before the model said that it was done. */
export function brokeOff(id: string, cause?: unknown): AppError {
  return new AppError("unavailable", `The answer of ${id} broke off in the middle`, { cause, retryable: true });
}

/** What an error's body says: JSON with `error`, `message` or `detail`, or a plain text. Null for a web page and for nothing. */
export function detailIn(body: string): string | null {
  const text = body.trim();
  if (text === "" || text.startsWith("<")) return null;
  try {
    const value = parseJson(text);
    if (!isObject(value)) return oneLine(text);
    const said = value["error"] ?? value["message"] ?? value["detail"];
    const inner = isObject(said) ? (said["message"] ?? said) : said;
    return oneLine(typeof inner === "string" ? inner : JSON.stringify(inner ?? value));
  } catch {
    return oneLine(text);
  }
}

/** Seconds of `retry-after-ms` or `retry-after`, which is a number of seconds or a date; null when neither says a time to come. */
export function retryAfter(headers: Record<string, string>, nowMs: number): number | null {
  const milliseconds = Number(headers["retry-after-ms"]);
  const said = headers["retry-after"] ?? "";
  const seconds = /^\s*[\d.]+\s*$/.test(said) ? Number(said) : (Date.parse(said) - nowMs) / 1000;
  const waitS = milliseconds > 0 ? milliseconds / 1000 : seconds;
  return waitS > 0 && Number.isFinite(waitS) ? waitS : null;
}

const maxCharacters = 300;

export function oneLine(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > maxCharacters ? `${line.slice(0, maxCharacters)}…` : line;
}
