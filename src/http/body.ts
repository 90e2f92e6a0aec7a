import { tooLargeDetail } from "#auth/body-limit.ts";
import { AppError, messageOf } from "#core/errors.ts";
import { parseJson } from "#core/json.ts";
import { RequestIssues } from "#http/errors.ts";

/** Deeper JSON than any workflow needs, and far from what would overflow a recursive reader's stack. */
const maxDepth = 200;

/**
 * The bytes of a body, counted as they come: a body without a declared length cannot pass the limit either.
 * AppError `too_large`.
 */
export async function readBytes(request: Request, limitBytes: number): Promise<Uint8Array> {
  if (request.headers.has("content-length")) return request.bytes();
  if (!request.body) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body as unknown as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > limitBytes) throw new AppError("too_large", tooLargeDetail(bytes, limitBytes));
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export interface JsonBody {
  /** The text as sent, for digests. */
  text: string;
  /** The value; undefined when the body was empty. A body that is not declared as JSON is its text, as FastAPI has it. */
  value: unknown;
}

/**
 * Reads a JSON body. RequestIssues for a text that is not JSON, AppError `too_large`. Workflow values keep `5.0` a float;
 * with `floats: false`, for bodies without such values, it is the integer 5.
 */
export async function readJsonBody(
  request: Request,
  limitBytes: number,
  { floats = true }: { floats?: boolean } = {},
): Promise<JsonBody> {
  const text = decode(await readBytes(request, limitBytes));
  if (text === "") return { text, value: undefined };
  if (!isJsonType(request.headers.get("content-type"))) return { text, value: text };
  assertDepth(text);
  try {
    return { text, value: floats ? parseJson(text) : (JSON.parse(text) as unknown) };
  } catch (error) {
    throw jsonInvalid(messageOf(error));
  }
}

function isJsonType(contentType: string | null): boolean {
  if (contentType === null) return true;
  const type = contentType.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  return type === "application/json" || (type.startsWith("application/") && type.endsWith("+json"));
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw jsonInvalid("The body is not valid UTF-8");
  }
}

function jsonInvalid(reason: string, at = 0): RequestIssues {
  return new RequestIssues([
    { type: "json_invalid", loc: ["body", at], msg: "JSON decode error", input: {}, ctx: { error: reason } },
  ]);
}

const quote = 0x22;
const backslash = 0x5c;

/** Counts brackets outside strings. A text too short to nest that deeply is not looked at. */
function assertDepth(text: string): void {
  if (text.length <= 2 * maxDepth) return;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === quote) {
      do at = text.indexOf('"', at + 1);
      while (at >= 0 && isEscaped(text, at));
      if (at < 0) return;
    } else if (code === 0x5b || code === 0x7b) {
      if (++depth > maxDepth) throw jsonInvalid(`The JSON is nested deeper than ${maxDepth} levels`, at);
    } else if (code === 0x5d || code === 0x7d) depth--;
  }
}

function isEscaped(text: string, at: number): boolean {
  let slashes = 0;
  while (text.charCodeAt(at - 1 - slashes) === backslash) slashes++;
  return slashes % 2 === 1;
}
