import { readFile, stat } from "node:fs/promises";
import { basename } from "node:path";
import type { Attachments, Viewer } from "#artifacts/attachments.ts";
import { AppError } from "#core/errors.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import { guessedType } from "#effects/media/content-type.ts";
import { plainType } from "#models/message-file.ts";
import type { GuardedFetch } from "#tools/web/guarded-fetch.ts";
import type { Workspace } from "#tools/workspace.ts";

export interface MediaSources {
  attachments: Attachments;
  /** Asks only hosts that a flow may reach. */
  fetch: GuardedFetch;
  /** Null when the run names no folder. */
  openWorkspace: (vars: JsonObject, runtimeId: string) => Workspace | null;
}

export interface MediaAsker {
  run: Viewer;
  vars: JsonObject;
  signal: AbortSignal;
}

/** One attachment with its bytes. */
export interface GivenMedia {
  artifactId: string | null;
  name: string;
  contentType: string;
  sizeBytes: number;
  /** Null when it is larger than any model takes. */
  bytes: Uint8Array | null;
}

/** Larger than what providers take in one request. */
export const maxMediaBytes = 20 * 1024 * 1024;

/**
 * What the items of `media` are: artifacts, files of the workspace, or URLs (contract flow-runtime 4.2). AppErrors say which one cannot be
 * had, and why: an answer about an attachment that the model never saw would be worse.
 */
export async function readMedia(items: Value[], sources: MediaSources, asker: MediaAsker): Promise<GivenMedia[]> {
  const known = new Set<string>();
  const given: GivenMedia[] = [];
  for (const item of items) {
    const key = typeof item === "string" ? item : isObject(item) ? (keyOf(item) ?? JSON.stringify(item)) : "";
    if (key === "") throw new AppError("invalid_request", "An attachment is neither an object nor a path or URL");
    if (known.has(key)) continue;
    known.add(key);
    given.push(await readOne(item, sources, asker));
  }
  return given;
}

function keyOf(item: JsonObject): string | null {
  return textIn(item, "$artifact", "artifact_id", "path", "url", "source_path");
}

async function readOne(item: Value, sources: MediaSources, asker: MediaAsker): Promise<GivenMedia> {
  const object = isObject(item) ? item : {};
  const id = textIn(object, "$artifact", "artifact_id");
  if (id !== null) return fromArtifact(id, sources, asker.run);
  const url = typeof item === "string" && /^(?:https?:|data:)/i.test(item) ? item : textIn(object, "url");
  if (url !== null) return url.startsWith("data:") ? fromDataUrl(url) : fromUrl(url, sources, asker.signal);
  const path = typeof item === "string" ? item : textIn(object, "path", "file_path", "source_path");
  if (path !== null) return fromFile(path, sources, asker);
  throw new AppError("invalid_request", "An attachment names no artifact, path or URL");
}

async function fromArtifact(id: string, { attachments }: MediaSources, run: Viewer): Promise<GivenMedia> {
  const found = await attachments.find(run, id);
  if (!found) throw new AppError("not_found", `Attachment '${id}' not found`);
  const { filename, contentType, sizeBytes } = found;
  const bytes = sizeBytes > maxMediaBytes ? null : await attachments.read(found);
  return { artifactId: id, name: filename, contentType: guessedType(contentType, filename), sizeBytes, bytes };
}

async function fromUrl(url: string, { fetch }: MediaSources, signal: AbortSignal): Promise<GivenMedia> {
  const response = await fetch(url, { signal, maxBytes: maxMediaBytes });
  const { status, body, truncated, headers } = response;
  if (status >= 400) throw new AppError("unavailable", `The attachment ${url} answered with HTTP status ${status}`);
  const name = basename(new URL(url).pathname) || "attachment";
  const contentType = guessedType(plainType(headers.get("content-type") ?? ""), name);
  return { artifactId: null, name, contentType, sizeBytes: body.length, bytes: truncated ? null : body };
}

function fromDataUrl(url: string): GivenMedia {
  const match = /^data:([^,;]*)((?:;[^,;]*)*),(.*)$/is.exec(url);
  if (!match) throw new AppError("invalid_request", "An attachment's data URL cannot be read");
  const [, type = "", parameters = "", data = ""] = match;
  const isBase64 = /;base64$/i.test(parameters);
  const bytes = isBase64 ? Buffer.from(data, "base64") : Buffer.from(decodeURIComponent(data));
  const contentType = type || "text/plain";
  return { artifactId: null, name: "attachment", contentType, sizeBytes: bytes.length, bytes };
}

async function fromFile(path: string, { openWorkspace }: MediaSources, { vars, run }: MediaAsker): Promise<GivenMedia> {
  const workspace = openWorkspace(vars, run.runtime_id);
  if (!workspace) throw new AppError("forbidden", `The attachment '${path}' is a path, and the run has no workspace`);
  const { path: real, shown } = await workspace.resolve(path);
  const found = await stat(real).catch(() => null);
  if (!found?.isFile()) throw new AppError("not_found", `The attachment '${shown}' is not a file of the workspace`);
  const bytes = found.size > maxMediaBytes ? null : await readFile(real);
  const name = basename(shown);
  return { artifactId: null, name, contentType: guessedType("", name), sizeBytes: found.size, bytes };
}

function textIn(object: JsonObject, ...names: string[]): string | null {
  for (const name of names) {
    const value = object[name];
    if (typeof value === "string" && value !== "") return value;
  }
  return null;
}
