import { mkdir } from "node:fs/promises";
import { existsSync } from "node:fs";
import { basename, isAbsolute, join, normalize, relative, resolve, sep } from "node:path";
import { AppError } from "#core/errors.ts";
import type { JsonObject } from "#core/value.ts";
import { fileError } from "#tools/file-error.ts";
import { type Mount, nameMounts } from "#tools/mount-names.ts";
import { realPathOf } from "#tools/real-path.ts";
import type { ToolContext } from "#tools/tool.ts";
import type { ResolvedPath, Workspace } from "#tools/workspace.ts";
import { type AccessMode, readWorkspaceVars } from "#tools/workspace-vars.ts";

/** What the operator allows, whatever a run says. */
export interface WorkspaceLimits {
  /** Where a relative `workspace_root` starts. */
  baseDir: string;
  /** Folders that roots and allowed folders must lie in; null for any. */
  folders: string[] | null;
  /** The operator's own names for folders. */
  mounts: readonly Mount[];
  /** Whether a run may have the mode `all_except_ignored`; it means `workspace_only` otherwise. */
  allowsEverything: boolean;
  /** A root that lies in here is made when a step first uses it. */
  workspacesDir: string | null;
}

/** The folders of a run of a runtime; null when its vars name none. Throws an AppError when they are not open to it. */
export type OpenWorkspace = (vars: JsonObject, runtimeId: string) => Workspace | null;

/**
 * The folders of a run by its vars (contract flow-runtime 4.7). Null without `workspace_root`. AppError `invalid_request` for an unknown mode.
 * A root that the operator does not allow is refused when it is first used; other folders that they do not allow are left out.
 */
export function createWorkspace(vars: JsonObject, limits: WorkspaceLimits): Workspace | null {
  const read = readWorkspaceVars(vars);
  if (!read) return null;
  const root = resolve(limits.baseDir, read.root);
  const mode = read.mode === "all_except_ignored" && !limits.allowsEverything ? "workspace_only" : read.mode;
  const inRoot = (path: string) => resolve(root, path);
  return new FolderWorkspace({
    root,
    mode,
    limits,
    allowed:
      mode === "workspace_or_allowed" ? read.allowedPaths.map((path) => mounted(path, limits) ?? inRoot(path)) : [],
    ignored: read.ignoredPaths.map(inRoot),
    mayClimb: false,
  });
}

/** For a run without a workspace: relative paths start in `folder`, nothing is forbidden. */
export function openWorkspace(folder: string): Workspace {
  const limits = { baseDir: folder, folders: null, mounts: [], allowsEverything: true, workspacesDir: null };
  const options = { root: folder, limits, allowed: [], ignored: [], mayClimb: true };
  return new FolderWorkspace({ ...options, mode: "all_except_ignored" });
}

/** The folders that a tool call works in. */
export function workspaceOf({ workspace }: Pick<ToolContext, "workspace">): Workspace {
  return workspace ?? openWorkspace(process.cwd());
}

/** Clients know the operator's folders by name only. */
function mounted(path: string, { mounts }: WorkspaceLimits): string | null {
  const [first = "", ...rest] = path.split("/");
  const mount = mounts.find((each) => each.name === first);
  return mount ? join(mount.path, ...rest) : null;
}

interface Options {
  root: string;
  mode: AccessMode;
  limits: WorkspaceLimits;
  allowed: string[];
  ignored: string[];
  /** Whether a relative path may go up and out of the root. */
  mayClimb: boolean;
}

/** The same folders with symbolic links followed, so that comparing paths is comparing places. */
interface Places {
  root: string;
  mounts: Mount[];
  ignored: string[];
}

class FolderWorkspace implements Workspace {
  readonly root: string;
  #options: Options;
  #places: Places | null = null;

  constructor(options: Options) {
    this.root = options.root;
    this.#options = options;
  }

  async resolve(path: string): Promise<ResolvedPath> {
    const wanted = cleanPath(path);
    try {
      const places = (this.#places ??= await this.#findPlaces());
      const real = await realPathOf(isAbsolute(wanted) ? normalize(wanted) : this.#fromRelative(wanted, places));
      this.#check(path, real, places);
      return { path: real, shown: shownPath(real, places) };
    } catch (error) {
      throw fileError(error, path);
    }
  }

  show(path: string): string | null {
    const places = this.#places ?? { root: this.root, mounts: [], ignored: this.#options.ignored };
    return liesInAny(path, places.ignored) ? null : shownPath(path, places);
  }

  /** Where a relative path leads: below a mount that it begins with, else below the root, whose own name may stand first. */
  #fromRelative(path: string, places: Places): string {
    if (this.#options.mayClimb) return join(places.root, path);
    const [first = "", ...rest] = path.split(/\/+/).filter((part) => part !== "" && part !== ".");
    const mount = places.mounts.find((each) => each.name === first);
    if (mount) return below(mount.path, rest, path);
    const isRootName = first === basename(this.root) && !existsSync(join(places.root, first));
    return below(places.root, isRootName ? rest : [first, ...rest], path);
  }

  #check(path: string, real: string, { root, mounts, ignored }: Places): void {
    if (liesInAny(real, ignored)) {
      throw new AppError("forbidden", `'${path}' lies in a folder that this run must ignore`);
    }
    if (this.#options.mode === "all_except_ignored" || liesIn(real, root)) return;
    if (mounts.some((mount) => liesIn(real, mount.path))) return;
    throw new AppError("forbidden", `'${path}' is outside the workspace of this run`);
  }

  async #findPlaces(): Promise<Places> {
    const { root, limits, allowed, ignored } = this.#options;
    const real = (paths: string[]) => Promise.all(paths.map((path) => realPathOf(path)));
    const folders = limits.folders && (await real(limits.folders));
    const own = limits.workspacesDir === null ? null : await realPathOf(limits.workspacesDir);
    const isAllowed = (path: string) => !folders || liesInAny(path, own === null ? folders : [...folders, own]);
    const realRoot = await realPathOf(root);
    if (!isAllowed(realRoot)) {
      throw new AppError("forbidden", `workspace_root '${root}' is outside the folders that this gateway allows`);
    }
    if (own !== null && liesIn(realRoot, own)) await mkdir(realRoot, { recursive: true });
    if (!existsSync(realRoot)) throw new AppError("not_found", `workspace_root '${root}' does not exist`);
    const outside = (await real(allowed)).filter((path) => isAllowed(path) && !liesIn(path, realRoot));
    const named = await Promise.all(
      limits.mounts.map(async (each) => ({ ...each, path: await realPathOf(each.path) })),
    );
    return { root: realRoot, mounts: nameMounts(outside, named), ignored: await real(ignored) };
  }
}

function cleanPath(path: string): string {
  const text = path.replace(/^\s+|[\r\n]+$/g, "").replace(/^@/, "");
  if (text.trim() === "") throw new AppError("invalid_request", "A path is empty");
  if (text.includes("\0")) throw new AppError("invalid_request", "A path has a NUL character in it");
  return text;
}

function below(folder: string, parts: string[], path: string): string {
  const found = join(folder, ...parts);
  if (liesIn(found, folder)) return found;
  throw new AppError("forbidden", `'${path}' leads out of the workspace of this run`);
}

function shownPath(path: string, { root, mounts }: Places): string {
  if (liesIn(path, root)) return relative(root, path) || ".";
  const mount = mounts.find((each) => liesIn(path, each.path));
  return mount ? join(mount.name, relative(mount.path, path)) : path;
}

function liesIn(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

const liesInAny = (path: string, folders: string[]) => folders.some((folder) => liesIn(path, folder));
