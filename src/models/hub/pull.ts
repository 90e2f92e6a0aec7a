import { stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { AppError } from "#core/errors.ts";
import { chooseFiles } from "#models/hub/choose-files.ts";
import { download } from "#models/hub/download.ts";
import { hubFolder, parseHubName } from "#models/hub/hub-name.ts";
import { isFileName, pullFile } from "#models/hub/pull-file.ts";
import { type HubOptions, listHubFiles } from "#models/hub/repository.ts";

export interface PullOptions extends HubOptions {
  /** Folder of models; the repository gets a folder in it. */
  folder: string;
  onProgress: (progress: PullProgress) => void;
  /** As of `Download`. */
  pauseMs?: number;
}

export interface PullProgress {
  file: string;
  doneBytes: number;
  totalBytes: number | null;
}

export interface PulledFile {
  path: string;
  bytes: number;
  /** It was there already. */
  isOld: boolean;
  /** Its checksum was known, and is right. */
  isChecked: boolean;
}

/** Fetches a model such as `org/repo:Q4_K_M` with all its parts, or one file by its URL or path. AppErrors: `invalid_request` for a name that is none, those of the hub. */
export async function pullModel(name: string, options: PullOptions): Promise<PulledFile[]> {
  if (isFileName(name)) return [await pullFile(name, options)];
  const hub = parseHubName(name);
  if (!hub) {
    throw new AppError(
      "invalid_request",
      `'${name}' is no name of a model: org/repo, org/repo:Q4_K_M, org/repo/file.gguf, a URL or a path`,
    );
  }
  const files = chooseFiles(await listHubFiles(hub, options), hub);
  const pulled: PulledFile[] = [];
  for (const { path, bytes, sha256 } of files) {
    const target = join(options.folder, hubFolder(hub), basename(path));
    const there = await stat(target).catch(() => null);
    if (there && (bytes === null || there.size === bytes)) {
      pulled.push({ path: target, bytes: there.size, isOld: true, isChecked: false });
      continue;
    }
    const encoded = path.split("/").map(encodeURIComponent).join("/");
    await download({
      url: `${options.hubUrl}/${hub.owner}/${hub.repository}/resolve/main/${encoded}`,
      path: target,
      bytes,
      sha256,
      token: options.token,
      signal: options.signal,
      ...(options.pauseMs === undefined ? {} : { pauseMs: options.pauseMs }),
      onProgress: (doneBytes, totalBytes) => options.onProgress({ file: basename(path), doneBytes, totalBytes }),
    });
    pulled.push({ path: target, bytes: (await stat(target)).size, isOld: false, isChecked: sha256 !== null });
  }
  return pulled;
}
