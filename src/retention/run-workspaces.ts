import { readdir, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parseObject } from "#core/json.ts";
import type { Ledger } from "#ledger/ledger.ts";

const workspaceName = /^[0-9a-f]{32}$/;

/** Folders that the gateway made for these runs: direct children of its own workspaces folder and nothing else. By name. */
export async function ownWorkspaces(
  ledger: Pick<Ledger, "readInput">,
  runIds: string[],
  workspacesDir: string,
): Promise<string[]> {
  const names = new Set<string>();
  for (const runId of runIds) {
    const text = await ledger.readInput(runId);
    const root = text === null ? null : parseObject(text)["workspace_root"];
    if (typeof root !== "string" || dirname(root) !== workspacesDir) continue;
    const name = root.slice(workspacesDir.length + 1);
    if (workspaceName.test(name)) names.add(name);
  }
  return [...names];
}

/** Those that were made: a run's folder is made when it is first used. */
export async function existingWorkspaces(names: string[], workspacesDir: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of names) if (await isFolder(join(workspacesDir, name))) found.push(name);
  return found;
}

export async function removeWorkspace(name: string, workspacesDir: string): Promise<void> {
  await rm(join(workspacesDir, name), { recursive: true, force: true });
}

/** Names of workspaces that were last changed before a time. */
export async function oldWorkspaces(workspacesDir: string, beforeMs: number): Promise<string[]> {
  const names = await readdir(workspacesDir).catch(() => []);
  const old: string[] = [];
  for (const name of names.filter((each) => workspaceName.test(each))) {
    const folder = await stat(join(workspacesDir, name)).catch(() => null);
    if (folder?.isDirectory() && folder.mtimeMs < beforeMs) old.push(name);
  }
  return old;
}

/** Bytes of the files below; links are not followed. */
export async function folderBytes(path: string): Promise<number> {
  let bytes = 0;
  const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name)).catch(() => null))?.size ?? 0;
  }
  return bytes;
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isDirectory() ?? false;
}
