import { constants } from "node:fs";
import { copyFile, mkdir, open, rename, rm, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { AppError } from "#core/errors.ts";
import { download } from "#models/hub/download.ts";
import { hubFetch } from "#models/hub/repository.ts";
import type { PullOptions, PulledFile } from "#models/hub/pull.ts";

const ending = /\.gguf$/i;

/** Whether it names one file by its address or its path, instead of a repository of the hub. */
export function isFileName(name: string): boolean {
  return /^https?:\/\//i.test(name) || (ending.test(name) && /^(?:\.{0,2}[/\\]|~|[A-Za-z]:[/\\])/.test(name));
}

/** Fetches or copies one GGUF file into the models folder. There is no checksum to hold it against; that it is such a file is looked at. */
export async function pullFile(name: string, options: PullOptions): Promise<PulledFile> {
  const isUrl = /^https?:\/\//i.test(name);
  const file = isUrl ? decodeURIComponent(basename(new URL(name).pathname)) : basename(name);
  if (!ending.test(file) || /[/\\]/.test(file)) {
    throw new AppError("invalid_request", `'${name}' is no name of a model file: it must end in .gguf`);
  }
  const target = join(options.folder, file);
  const there = await stat(target).catch(() => null);
  if (there) return { path: target, bytes: there.size, isOld: true, isChecked: false };
  await (isUrl ? fetchFile(name, target, options) : copyIn(resolve(name), target, options));
  return { path: target, bytes: (await stat(target)).size, isOld: false, isChecked: false };
}

async function fetchFile(url: string, target: string, options: PullOptions): Promise<void> {
  // The token is the hub's, and nobody else's.
  const isHub = new URL(url).origin === new URL(options.hubUrl).origin;
  const { signal, pauseMs, onProgress } = options;
  const incoming = `${target}.incoming`;
  const address = url.replace("/blob/", "/resolve/");
  const token = isHub ? options.token : null;
  await download({
    url: address,
    path: incoming,
    bytes: await announcedBytes(address, { token, signal }),
    sha256: null,
    token,
    signal,
    ...(pauseMs === undefined ? {} : { pauseMs }),
    onProgress: (doneBytes, totalBytes) => onProgress({ file: basename(target), doneBytes, totalBytes }),
  });
  await assertModelFile(incoming, url);
  await rename(incoming, target);
}

/** Without it, a connection that ends early would look like the file's end. Null when the server does not say. */
async function announcedBytes(
  url: string,
  options: { token: string | null; signal: AbortSignal },
): Promise<number | null> {
  const response = await hubFetch(url, { ...options, headers: { range: "bytes=0-0" } });
  await response.body?.cancel();
  const total = /\/(\d+)$/.exec(response.headers.get("content-range") ?? "")?.[1];
  const length = response.status === 206 ? total : response.headers.get("content-length");
  return length === null || length === undefined ? null : Number(length);
}

async function copyIn(path: string, target: string, { folder, onProgress }: PullOptions): Promise<void> {
  const found = await stat(path).catch(() => null);
  if (!found?.isFile()) throw new AppError("not_found", `There is no file ${path}`);
  const incoming = `${target}.incoming`;
  await mkdir(folder, { recursive: true });
  // Where the file system can, the copy shares its blocks.
  await copyFile(path, incoming, constants.COPYFILE_FICLONE);
  await assertModelFile(incoming, path);
  await rename(incoming, target);
  onProgress({ file: basename(target), doneBytes: found.size, totalBytes: found.size });
}

async function assertModelFile(path: string, from: string): Promise<void> {
  const file = await open(path);
  const head = Buffer.alloc(4);
  try {
    await file.read(head, 0, 4, 0);
  } finally {
    await file.close();
  }
  if (head.toString("latin1") === "GGUF") return;
  await rm(path);
  throw new AppError("unprocessable", `What came from ${from} is no GGUF file`);
}
