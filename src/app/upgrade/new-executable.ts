import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { chmod, open, readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { AppError, messageOf } from "#core/errors.ts";

/** An executable has about 250 MB, the archive with CUDA a gigabyte. */
const maxBytes = 2 * 1024 ** 3;
const sumsName = "SHA256SUMS";
const patienceMs = 30_000;

export interface Source {
  /** Path of a file or https address. */
  from: string;
  /** Hexadecimal; null: it stands in `SHA256SUMS` beside the file. */
  sha256: string | null;
}

/**
 * Copies or downloads an executable into a file of ours and checks it. AppError `invalid_request` without a checksum or for an address that is
 * none, `unprocessable` when the bytes are others, `unavailable` when the server refuses.
 */
export async function obtainExecutable({ from, sha256 }: Source, to: string): Promise<void> {
  const url = addressOf(from);
  const expected = (sha256 ?? (await publishedSum(from, url))).toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(expected)) throw new AppError("invalid_request", "A SHA-256 has 64 hexadecimal digits.");
  const found = await write(url === null ? createReadStream(from) : await bodyOf(url), to);
  if (found !== expected) {
    throw new AppError("unprocessable", `${from} is not what its checksum says: it has ${found}, not ${expected}.`);
  }
  await chmod(to, 0o755);
}

/** Null for a path. Without encryption only this machine is believed. */
function addressOf(from: string): URL | null {
  if (!/^[a-z]+:\/\//i.test(from)) return null;
  const url = URL.canParse(from) ? new URL(from) : null;
  const isLocal = url !== null && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
  if (url?.protocol === "https:" || (url?.protocol === "http:" && isLocal)) return url;
  throw new AppError("invalid_request", `'${from}' is no https address and no file.`);
}

async function publishedSum(from: string, url: URL | null): Promise<string> {
  const sums = await readSums(from, url);
  const name = url === null ? basename(from) : decodeURIComponent(basename(url.pathname));
  const line = sums?.split("\n").find((each) => each.slice(64).replace(/^ [ *]/, "") === name);
  if (line !== undefined) return line.slice(0, 64);
  throw new AppError(
    "invalid_request",
    `There is no checksum of ${name}: give it with --sha256, or put ${sumsName} beside it.`,
  );
}

async function readSums(from: string, url: URL | null): Promise<string | null> {
  if (url === null) return readFile(join(dirname(from), sumsName), "utf8").catch(() => null);
  const response = await ask(new URL(sumsName, url)).catch(() => null);
  return response?.ok ? response.text() : null;
}

async function bodyOf(url: URL): Promise<AsyncIterable<Uint8Array>> {
  const response = await ask(url);
  if (!response.ok || response.body === null) {
    throw new AppError("unavailable", `${url.href} answers with HTTP status ${response.status}.`);
  }
  return response.body;
}

async function ask(url: URL): Promise<Response> {
  const slow = new AbortController();
  const timer = setTimeout(() => slow.abort(), patienceMs);
  try {
    return await fetch(url, { signal: slow.signal });
  } catch (error) {
    throw new AppError("unavailable", `${url.href} cannot be reached: ${messageOf(error)}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

/** Writes everything to the disk and answers its SHA-256. */
async function write(pieces: AsyncIterable<Uint8Array>, to: string): Promise<string> {
  const hash = createHash("sha256");
  let bytes = 0;
  try {
    const file = await open(to, "wx", 0o600);
    try {
      for await (const piece of pieces) {
        bytes += piece.length;
        if (bytes > maxBytes) throw new Error(`it is larger than ${maxBytes} bytes`);
        hash.update(piece);
        await file.writeFile(piece);
      }
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    throw new AppError("storage", `The new executable could not be written to ${to}: ${messageOf(error)}`, {
      cause: error,
    });
  }
  return hash.digest("hex");
}
