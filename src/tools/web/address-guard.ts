import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { AppError, messageOf } from "#core/errors.ts";
import { untilAborted } from "#tools/web/until-aborted.ts";
import { refusalOfAddress } from "#tools/web/address-ranges.ts";

/** The addresses of a host name, in the order in which they should be tried. */
export type ResolveHost = (host: string) => Promise<string[]>;

export interface AddressGuardOptions {
  /** Hosts of the operator that may have any address: `host`, `host:port`, `*.domain`; a literal address without brackets. */
  allow?: readonly string[];
  /** The system's resolver by default. */
  resolve?: ResolveHost;
}

/** A URL that may be asked, with the addresses that were checked: a connection goes to one of these and nowhere else. */
export interface GuardedTarget {
  url: URL;
  /** At least one. */
  addresses: string[];
}

/**
 * Decides whether a URL that a flow, a model or a client named may be asked from inside the operator's network. AppError
 * `invalid_request` for what is no http or https URL, `forbidden` for an address that is not public, `unavailable` for a name that
 * has none.
 */
export interface AddressGuard {
  check(url: string, options?: { base?: URL; signal?: AbortSignal }): Promise<GuardedTarget>;
}

export function createAddressGuard({ allow = [], resolve = systemResolve }: AddressGuardOptions = {}): AddressGuard {
  return {
    async check(text, { base, signal } = {}) {
      signal?.throwIfAborted();
      const url = parseUrl(text, base);
      const host = hostOf(url);
      const addresses = isIP(host) ? [host] : await untilAborted(resolved(host, resolve), signal);
      if (!isAllowed(url, allow)) for (const address of addresses) refuseInternal(host, address);
      return { url, addresses };
    },
  };
}

/** Without brackets and without the dot of an absolute name, so that one host has one spelling. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, "$1").replace(/\.$/, "");
}

function parseUrl(text: string, base: URL | undefined): URL {
  const trimmed = text.trim();
  const url = URL.parse(trimmed, base?.href);
  if (!url) throw new AppError("invalid_request", `"${shown(text)}" is not a URL`);
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw new AppError("invalid_request", `"${shown(text)}" is not an http or https URL`);
  if (url.username || url.password)
    throw new AppError("invalid_request", `the URL for ${url.host} holds a user name or a password, which is refused`);
  if (hostOf(url) === "") throw new AppError("invalid_request", `"${shown(text)}" names no host`);
  refuseOddSpelling(trimmed, url);
  return url;
}

/** `0x7f.1`, `2130706433` or `①27.0.0.1` are addresses to a URL parser and names to most filters: whoever writes so hides something. */
function refuseOddSpelling(text: string, url: URL): void {
  if (isIP(url.hostname) !== 4) return;
  const authority = /^(?:[a-z][a-z0-9+.-]*:)?[/\\]{2}([^/\\?#]*)/i.exec(text)?.[1];
  // A relative redirect: the host is that of the URL before, which was checked.
  if (authority === undefined && !/^https?:/i.test(text)) return;
  if (authority?.replace(/:\d*$/, "") === url.hostname) return;
  throw new AppError("forbidden", `"${shown(text)}" hides the address ${url.hostname}, which is refused`);
}

function shown(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

async function resolved(host: string, resolve: ResolveHost): Promise<string[]> {
  let addresses: string[];
  try {
    addresses = await resolve(host);
  } catch (error) {
    throw new AppError("unavailable", `the host ${host} cannot be resolved: ${messageOf(error)}`, {
      cause: error,
      retryable: true,
    });
  }
  if (addresses.length === 0) throw new AppError("unavailable", `the host ${host} has no address`);
  return addresses;
}

async function systemResolve(host: string): Promise<string[]> {
  const found = await lookup(host, { all: true });
  // IPv4 first: many machines have an IPv6 address and no way out by it.
  return found.toSorted((a, b) => a.family - b.family).map(({ address }) => address);
}

function refuseInternal(host: string, address: string): void {
  const reason = refusalOfAddress(address);
  if (reason === null) return;
  const what = host === address ? host : `${host} has the address ${address}, which`;
  throw new AppError("forbidden", `${what} is ${reason}, so it may not be asked; the operator can allow the host`);
}

function isAllowed(url: URL, allow: readonly string[]): boolean {
  const host = hostOf(url);
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  return allow.some((entry) => {
    const wanted = entry.trim().toLowerCase();
    if (wanted.startsWith("*.")) return wanted.length > 2 && host.endsWith(wanted.slice(1));
    return wanted === host || wanted === `${host}:${port}` || wanted === `[${host}]:${port}`;
  });
}
