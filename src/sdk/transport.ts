import { messageOf } from "#core/errors.ts";
import { parseJson } from "#core/json.ts";
import { SdkError } from "#sdk/sdk-error.ts";

export interface TransportOptions {
  /** Address of the gateway, with or without a path and a final slash. */
  baseUrl: string;
  token?: string | null;
  /** Sent with every request; asked each time. A browser's session needs its secret back with each write. */
  headers?: () => Record<string, string>;
  fetch?: (url: string, init: RequestInit) => Promise<Response>;
  /** Time for one plain request, body included. Streams have no such limit. */
  timeoutMs?: number;
}

export interface RequestOptions {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  query?: object;
  /** Sent as JSON. */
  json?: unknown;
  form?: FormData;
  /** The body as it is. */
  bytes?: Blob | Uint8Array<ArrayBuffer>;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** The body is read by the caller, for as long as it takes. */
  stream?: boolean;
  /** Lost connections that are tried again: only for requests that the server recognises when they come twice. */
  retries?: number;
}

/** Sends one request below `baseUrl`; SdkError for every answer that is not 2xx and for every lost connection. */
export type Send = (path: string, options?: RequestOptions) => Promise<Response>;

export function createTransport(options: TransportOptions): Send {
  const baseUrl = options.baseUrl.replace(/\/+$/, "");
  const doFetch = options.fetch ?? ((url: string, init: RequestInit) => fetch(url, init));
  return async (path, request = {}) => {
    const url = `${baseUrl}${path}${queryText(request.query)}`;
    const answer = await attempt(() => doFetch(url, init(options, request)), request, baseUrl);
    if (!answer.ok) throw await errorOf(answer);
    return answer;
  };
}

/** The body as a value; floats such as `5.0` stay floats. */
export async function readJson<T>(answer: Response): Promise<T> {
  const text = await answer.text();
  try {
    return parseJson(text) as T;
  } catch (cause) {
    throw new SdkError(answer.status, "The gateway's answer is not JSON.", { cause });
  }
}

/** The same with plain numbers, for answers whose schema says where numbers are. */
export async function readPlainJson<T>(answer: Response): Promise<T> {
  try {
    return JSON.parse(await answer.text()) as T;
  } catch (cause) {
    throw new SdkError(answer.status, "The gateway's answer is not JSON.", { cause });
  }
}

async function attempt(send: () => Promise<Response>, request: RequestOptions, baseUrl: string): Promise<Response> {
  for (let left = request.retries ?? 0; ; left--) {
    try {
      return await send();
    } catch (cause) {
      if (request.signal?.aborted) throw cause;
      if (left > 0) continue;
      throw new SdkError(null, `The gateway at ${baseUrl} cannot be reached: ${messageOf(cause)}`, { cause });
    }
  }
}

function init(options: TransportOptions, request: RequestOptions): RequestInit {
  const headers: Record<string, string> = { ...options.headers?.(), ...request.headers };
  if (options.token) headers["authorization"] = `Bearer ${options.token}`;
  if (request.json !== undefined) headers["content-type"] = "application/json";
  const signal = signalOf(options, request);
  const body = request.form ?? request.bytes ?? (request.json === undefined ? null : JSON.stringify(request.json));
  return { method: request.method ?? "GET", headers, body, ...(signal ? { signal } : {}) };
}

function signalOf(options: TransportOptions, request: RequestOptions): AbortSignal | undefined {
  if (request.stream) return request.signal;
  const timeout = AbortSignal.timeout(options.timeoutMs ?? 30_000);
  return request.signal ? AbortSignal.any([request.signal, timeout]) : timeout;
}

function queryText(query: object = {}): string {
  const entries = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
  const text = new URLSearchParams(entries.map(([key, value]) => [key, String(value)])).toString();
  return text === "" ? "" : `?${text}`;
}

async function errorOf(answer: Response): Promise<SdkError> {
  const retryAfterS = Number(answer.headers.get("retry-after") ?? Number.NaN);
  const detail = detailOf(await answer.text().catch(() => ""));
  return new SdkError(answer.status, detail, Number.isFinite(retryAfterS) ? { retryAfterS } : {});
}

function detailOf(text: string): unknown {
  try {
    const body = JSON.parse(text) as { detail?: unknown; message?: unknown } | null;
    return body?.detail ?? body?.message ?? "";
  } catch {
    // A proxy's HTML page is no sentence for a person.
    return text.startsWith("<") ? "" : text.slice(0, 500);
  }
}
