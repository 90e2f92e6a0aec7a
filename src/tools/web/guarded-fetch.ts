import { isIP } from "node:net";
import { AppError, messageOf } from "#core/errors.ts";
import { type AddressGuard, type GuardedTarget, hostOf } from "#tools/web/address-guard.ts";
import { type CappedBody, acceptEncoding, readCapped } from "#tools/web/capped-body.ts";

export interface GuardedRequest {
  signal?: AbortSignal;
  /** Of the body after decompression; what comes after is not read. */
  maxBytes?: number;
  /** From the first look-up of a name to the last byte. */
  timeoutMs?: number;
  headers?: Record<string, string>;
  method?: string;
  body?: string | Uint8Array<ArrayBuffer>;
  /** False: a redirect is the answer. True by default. */
  followsRedirects?: boolean;
}

export interface GuardedResponse extends CappedBody {
  /** As it was asked for. */
  url: string;
  /** After redirects. */
  finalUrl: string;
  status: number;
  headers: Headers;
}

/**
 * Asks a URL that somebody outside named. Errors are AppErrors: those of the guard, `invalid_request` for headers that cannot be sent,
 * `timeout`, `cancelled`, and `unavailable` for whatever goes wrong with the server. An HTTP status is never an error.
 */
export type GuardedFetch = (url: string, request?: GuardedRequest) => Promise<GuardedResponse>;

export interface GuardedFetchOptions {
  /** PEM of authorities that are trusted instead of the system's. */
  certificateAuthorities?: string;
}

const maxRedirects = 5;
const redirectStatuses = [301, 302, 303, 307, 308];
const userAgent = "Mozilla/5.0 (compatible; AbstractGateway)";
/** What may go on to another origin: anything else could be a secret that was meant for the first one. */
const portableHeaders = ["accept", "accept-encoding", "accept-language", "user-agent"];
/** They frame the message or name its receiver: a caller who set them could speak to somebody else than was checked. */
const ownHeaders = ["host", "connection", "content-length", "transfer-encoding", "upgrade", "te", "trailer", "expect"];

/** One attempt at one URL, redirects not followed. */
interface Hop {
  method: string;
  headers: Headers;
  body: string | Uint8Array<ArrayBuffer> | undefined;
}

export function createGuardedFetch(guard: AddressGuard, options: GuardedFetchOptions = {}): GuardedFetch {
  return async (url, request = {}) => {
    const { maxBytes = 2 * 1024 * 1024, timeoutMs = 20_000 } = request;
    const deadline = AbortSignal.timeout(timeoutMs);
    const signal = request.signal ? AbortSignal.any([request.signal, deadline]) : deadline;
    const hop = firstHop(request);
    try {
      const { response, target } = await follow(url, hop, {
        guard,
        signal,
        isFollowed: request.followsRedirects !== false,
        ...options,
      });
      const body = await readCapped(response, { maxBytes, signal });
      return { url, finalUrl: target.url.href, status: response.status, headers: response.headers, ...body };
    } catch (error) {
      if (deadline.aborted && !request.signal?.aborted)
        throw new AppError("timeout", `${shortUrl(url)} did not answer within ${timeoutMs / 1000} s`, { cause: error });
      throw asAppError(url, error, request.signal);
    }
  };
}

function firstHop({ method = "GET", headers = {}, body }: GuardedRequest): Hop {
  const refused = Object.keys(headers).find((name) => ownHeaders.includes(name.toLowerCase()));
  if (refused !== undefined) throw new AppError("invalid_request", `the header "${refused}" may not be set`);
  try {
    const all = new Headers({ accept: "*/*", "user-agent": userAgent, ...lowerCased(headers) });
    all.set("accept-encoding", acceptEncoding);
    return { method: method.toUpperCase(), headers: all, body };
  } catch (error) {
    throw new AppError("invalid_request", `the headers cannot be sent: ${messageOf(error)}`, { cause: error });
  }
}

function lowerCased(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

interface FollowOptions extends GuardedFetchOptions {
  guard: AddressGuard;
  signal: AbortSignal;
  isFollowed: boolean;
}

async function follow(
  first: string,
  hop: Hop,
  options: FollowOptions,
): Promise<{ response: Response; target: GuardedTarget }> {
  const { guard, signal, isFollowed } = options;
  let target = await guard.check(first, { signal });
  let current = hop;
  for (let redirects = 0; ; redirects += 1) {
    const response = await send(target, current, options);
    const location = isFollowed && redirectStatuses.includes(response.status) ? response.headers.get("location") : null;
    if (location === null) return { response, target };
    await response.body?.cancel();
    if (redirects === maxRedirects)
      throw new AppError("unavailable", `${shortUrl(first)} redirects more than ${maxRedirects} times`);
    const next = await guard.check(location, { base: target.url, signal });
    current = redirected(current, { status: response.status, isSameOrigin: next.url.origin === target.url.origin });
    target = next;
  }
}

/** How browsers do it: 303, and 301 and 302 after a POST, ask for the new place with GET. */
function redirected(hop: Hop, { status, isSameOrigin }: { status: number; isSameOrigin: boolean }): Hop {
  const becomesGet = status === 303 ? hop.method !== "HEAD" : status < 303 && hop.method === "POST";
  const headers = new Headers();
  for (const [name, value] of hop.headers) {
    const isOfBody = becomesGet && name.startsWith("content-");
    const isForOther = !isSameOrigin && !portableHeaders.includes(name);
    if (!isOfBody && !isForOther) headers.set(name, value);
  }
  if (!isSameOrigin && !becomesGet && hop.body !== undefined)
    throw new AppError("unavailable", "the server redirects a request with a body to another origin, which is refused");
  return becomesGet ? { method: "GET", headers, body: undefined } : { ...hop, headers };
}

/** To each checked address until one takes the connection. */
async function send(target: GuardedTarget, hop: Hop, options: FollowOptions): Promise<Response> {
  for (const [index, address] of target.addresses.entries()) {
    try {
      return await sendTo(address, { target, hop, options });
    } catch (error) {
      if (index === target.addresses.length - 1 || !isRefusedConnection(error)) throw error;
    }
  }
  throw new AppError("unavailable", `the host ${target.url.host} has no address`);
}

/**
 * The URL names the address itself, so that nothing resolves the name a second time: a name that now points inside (DNS rebinding)
 * changes nothing. `Host` and SNI carry the name, and the certificate is checked against it.
 */
function sendTo(
  address: string,
  { target, hop, options }: { target: GuardedTarget; hop: Hop; options: FollowOptions },
): Promise<Response> {
  const host = hostOf(target.url);
  const pinned = new URL(target.url);
  pinned.hostname = isIP(address) === 6 ? `[${address}]` : address;
  pinned.hash = "";
  const headers = new Headers(hop.headers);
  headers.set("host", target.url.host);
  return fetch(pinned, {
    method: hop.method,
    headers,
    ...(hop.body === undefined ? {} : { body: hop.body }),
    redirect: "manual",
    // A pooled connection could have been made for another name at the same address.
    keepalive: false,
    // Decompressed by us, piece by piece: Bun would unpack a bomb before anybody could count its bytes.
    decompress: false,
    tls: {
      ...(isIP(host) ? {} : { serverName: host }),
      ...(options.certificateAuthorities === undefined ? {} : { ca: options.certificateAuthorities }),
    },
    signal: options.signal,
  });
}

function isRefusedConnection(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return ["ConnectionRefused", "FailedToOpenSocket", "ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH"].includes(code);
}

function asAppError(url: string, error: unknown, signal: AbortSignal | undefined): AppError {
  if (error instanceof AppError) return error;
  if (signal?.aborted) {
    if (signal.reason instanceof AppError) return signal.reason;
    return new AppError("cancelled", `the request to ${shortUrl(url)} was cancelled`, { cause: error });
  }
  return new AppError("unavailable", `${shortUrl(url)} cannot be read: ${reasonOf(error)}`, {
    cause: error,
    retryable: true,
  });
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (isRefusedConnection(error)) return "the server takes no connection";
  if (code === "ECONNRESET" || code === "ConnectionClosed") return "the server closed the connection";
  if (/CERT|SIGNED|ISSUER/.test(code)) return `its certificate is refused (${code})`;
  return messageOf(error);
}

/** Enough to recognise it: queries hold secrets. */
function shortUrl(text: string): string {
  const url = URL.parse(text.trim());
  return url ? `${url.origin}${url.pathname}`.slice(0, 200) : text.slice(0, 200);
}
