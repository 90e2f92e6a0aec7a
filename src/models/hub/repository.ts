import { AppError, messageOf } from "#core/errors.ts";
import { isObject } from "#core/value.ts";
import type { HubName } from "#models/hub/hub-name.ts";

/** A file of a repository on the hub. */
export interface HubFile {
  /** Path in the repository. */
  path: string;
  bytes: number | null;
  /** Hex digits; null for small files, which the hub does not hash this way. */
  sha256: string | null;
}

export interface HubOptions {
  /** Address of the hub. */
  hubUrl: string;
  /** For repositories that are not public. */
  token: string | null;
  signal: AbortSignal;
}

const listMs = 30_000;

/** The GGUF files of a repository. AppErrors: `not_found`, `forbidden`, `unavailable`. */
export async function listHubFiles({ owner, repository }: HubName, options: HubOptions): Promise<HubFile[]> {
  const url = `${options.hubUrl}/api/models/${owner}/${repository}?blobs=true`;
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(listMs)]);
  const response = await hubFetch(url, { ...options, signal });
  const answer: unknown = await response.json().catch(() => null);
  const siblings = isObject(answer) ? answer["siblings"] : null;
  if (!Array.isArray(siblings))
    throw new AppError("unavailable", `The hub's answer about ${owner}/${repository} makes no sense`);
  const files = siblings.map(readFile).filter((file) => file !== null);
  const models = files.filter(({ path }) => path.toLowerCase().endsWith(".gguf"));
  if (models.length === 0) throw new AppError("not_found", `The repository ${owner}/${repository} has no GGUF file`);
  return models;
}

function readFile(sibling: unknown): HubFile | null {
  if (!isObject(sibling) || typeof sibling["rfilename"] !== "string") return null;
  const lfs = isObject(sibling["lfs"]) ? sibling["lfs"] : {};
  const size = lfs["size"] ?? sibling["size"];
  const hash = lfs["sha256"];
  return {
    path: sibling["rfilename"],
    bytes: typeof size === "number" && size >= 0 ? size : null,
    sha256: typeof hash === "string" && /^[0-9a-f]{64}$/.test(hash) ? hash : null,
  };
}

/** A request to the hub whose refusals are AppErrors in words. The body is for the caller to read or to cancel. */
export async function hubFetch(
  url: string,
  { token, signal, headers = {} }: Pick<HubOptions, "token" | "signal"> & { headers?: Record<string, string> },
): Promise<Response> {
  let response: Response;
  try {
    const authorization: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };
    response = await fetch(url, { headers: { ...headers, ...authorization }, signal });
  } catch (error) {
    if (signal.aborted && signal.reason instanceof AppError) throw signal.reason;
    throw new AppError("unavailable", `${new URL(url).origin} does not answer: ${messageOf(error)}`, {
      retryable: true,
    });
  }
  if (response.ok) return response;
  await response.body?.cancel();
  throw refusal(response.status, new URL(url));
}

function refusal(status: number, { origin, pathname }: URL): AppError {
  if (status === 401 || status === 403) {
    const remedy = "It may not exist, or be private or gated: accept its terms on the hub and set HF_TOKEN";
    return new AppError("forbidden", `The hub refuses ${pathname} (${status}). ${remedy}`);
  }
  if (status === 404) return new AppError("not_found", `The hub has no ${pathname}`);
  if (status === 416) return new AppError("invalid_request", `The hub has no such part of ${pathname}`);
  const isRetryable = status === 429 || status >= 500;
  return new AppError("unavailable", `${origin} answers ${status} for ${pathname}`, { retryable: isRetryable });
}
