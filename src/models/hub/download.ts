import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, mkdir, open, rename, rm, stat, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { AppError, messageOf } from "#core/errors.ts";
import { hubFetch } from "#models/hub/repository.ts";

export interface Download {
  url: string;
  /** Where the file goes; what is there of it meanwhile is `<path>.part`. */
  path: string;
  /** Null: not known before. */
  bytes: number | null;
  sha256: string | null;
  token: string | null;
  signal: AbortSignal;
  /** First pause after a connection that broke; each further one is twice as long. 400 when absent. */
  pauseMs?: number;
  /** Called with the bytes that are there, and all of them when that is known. */
  onProgress: (doneBytes: number, totalBytes: number | null) => void;
}

/** A connection that breaks is taken up again so often, as long as each time brings something. */
const maxBreaks = 5;
/** Left free for the ledger. */
const spareBytes = 256 * 1024 * 1024;
/** A server that sends nothing for so long has gone. */
const silenceMs = 60_000;

/**
 * Fetches one file, going on where an earlier attempt stopped, and puts it into place when its length and checksum are right. AppErrors:
 * those of the hub, `storage` when the disk is full, `unprocessable` when what came is not what was announced.
 */
export async function download(options: Download): Promise<void> {
  const { path, bytes, onProgress } = options;
  const part = `${path}.part`;
  await mkdir(dirname(path), { recursive: true });
  let have = await sizeOf(part);
  // Of another version of the file.
  if (bytes !== null && have > bytes) {
    await rm(part);
    have = 0;
  }
  await assertRoom(dirname(path), bytes === null ? 0 : bytes - have);
  for (let breaks = 0; bytes === null || have < bytes;) {
    try {
      have = await fetchRest(options, part, have);
      if (bytes === null) break;
    } catch (error) {
      if (options.signal.aborted) throw stopped();
      if (!isBreak(error) || breaks >= maxBreaks) throw error;
      const now = await sizeOf(part);
      breaks = now > have ? 0 : breaks + 1;
      have = now;
      await Bun.sleep((options.pauseMs ?? 400) * 2 ** Math.max(0, breaks - 1));
    }
  }
  onProgress(have, have);
  await check(options, part);
  await rename(part, path);
}

function stopped(): AppError {
  return new AppError("cancelled", "The download was stopped; the same command goes on with it");
}

function isBreak(error: unknown): boolean {
  return error instanceof AppError && error.retryable;
}

async function fetchRest(options: Download, part: string, have: number): Promise<number> {
  const { url, token, signal, onProgress } = options;
  const silence = new AbortController();
  const both = AbortSignal.any([signal, silence.signal]);
  const headers: Record<string, string> = have > 0 ? { range: `bytes=${have}-` } : {};
  const response = await hubFetch(url, { token, signal: both, headers });
  // A server that knows no ranges starts again.
  const start = response.status === 206 ? have : 0;
  if (response.status === 206 && !response.headers.get("content-range")?.startsWith(`bytes ${have}-`)) {
    await response.body?.cancel();
    throw new AppError("unavailable", `${new URL(url).origin} sends another part of the file than was asked for`);
  }
  const file = await open(part, start === 0 ? "w" : "a", 0o644);
  let done = start;
  let timer = setTimeout(() => silence.abort(), silenceMs);
  try {
    for await (const piece of response.body ?? []) {
      clearTimeout(timer);
      await write(file, piece, part);
      done += piece.byteLength;
      onProgress(done, options.bytes);
      timer = setTimeout(() => silence.abort(), silenceMs);
    }
    await file.sync();
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError("unavailable", `The connection to ${new URL(url).origin} broke: ${messageOf(error)}`, {
      retryable: true,
    });
  } finally {
    clearTimeout(timer);
    await file.close();
  }
  if (options.bytes !== null && done < options.bytes) {
    throw new AppError("unavailable", `The connection to ${new URL(url).origin} ended early`, { retryable: true });
  }
  return done;
}

async function write(file: FileHandle, piece: Uint8Array, part: string): Promise<void> {
  try {
    await file.writeFile(piece);
  } catch (error) {
    throw new AppError("storage", `Cannot write ${part}: ${messageOf(error)}`, { cause: error });
  }
}

async function assertRoom(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= bytes + spareBytes) return;
  const wanted = `${((bytes + spareBytes) / 1e9).toFixed(1)} GB with what the ledger needs`;
  throw new AppError("storage", `${folder} has ${(free / 1e9).toFixed(1)} GB free, and the model takes ${wanted}`);
}

async function check({ path, bytes, sha256 }: Download, part: string): Promise<void> {
  const problem = await problemOf(part, bytes, sha256);
  if (problem === null) return;
  await rm(part);
  throw new AppError("unprocessable", `${path} came damaged (${problem}) and was removed; try again`);
}

async function problemOf(part: string, bytes: number | null, sha256: string | null): Promise<string | null> {
  const size = await sizeOf(part);
  if (bytes !== null && size !== bytes) return `${size} bytes instead of ${bytes}`;
  if (sha256 === null) return null;
  const hash = createHash("sha256");
  for await (const piece of createReadStream(part, { highWaterMark: 1024 * 1024 })) hash.update(piece as Buffer);
  return hash.digest("hex") === sha256 ? null : "its checksum is wrong";
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => null))?.size ?? 0;
}
