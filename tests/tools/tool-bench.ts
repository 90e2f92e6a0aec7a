import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { AppError } from "#core/errors.ts";
import type { JsonObject, Value } from "#core/value.ts";
import { canonicalArguments } from "#tools/arguments.ts";
import { type WorkspaceLimits, createWorkspace } from "#tools/create-workspace.ts";
import type { Tool, ToolContext } from "#tools/tool.ts";
import type { Workspace } from "#tools/workspace.ts";
import { rejection } from "#fixtures/rejection.ts";

export const noLimits: WorkspaceLimits = {
  baseDir: "/",
  folders: null,
  mounts: [],
  allowsEverything: true,
  workspacesDir: null,
};

/** A folder of its own, with files in it, that goes when the test ends. Content `null` makes a folder. */
export class Folder implements Disposable {
  readonly path = realpathSync(mkdtempSync(join(tmpdir(), "tools-")));

  constructor(files: Record<string, string | Uint8Array | null> = {}) {
    for (const [name, content] of Object.entries(files)) this.write(name, content);
  }

  write(name: string, content: string | Uint8Array | null): string {
    const path = join(this.path, name);
    mkdirSync(content === null ? path : dirname(path), { recursive: true });
    if (content !== null) writeFileSync(path, content);
    return path;
  }

  at(name: string): string {
    return join(this.path, name);
  }

  workspace(vars: JsonObject = {}, limits: Partial<WorkspaceLimits> = {}): Workspace {
    const workspace = createWorkspace({ workspace_root: this.path, ...vars }, { ...noLimits, ...limits });
    if (!workspace) throw new Error("there is no workspace");
    return workspace;
  }

  [Symbol.dispose](): void {
    chmodSync(this.path, 0o700);
    rmSync(this.path, { recursive: true, force: true });
  }
}

export function contextOf(workspace: Workspace | null, signal = new AbortController().signal): ToolContext {
  return {
    run: { run_id: "r1", root_run_id: "r1", session_id: null, runtime_id: "default", actor_id: null },
    workspace,
    signal,
  };
}

/** Calls a tool as an executor does. */
export async function call(tool: Tool, args: Value, workspace: Workspace | null, signal?: AbortSignal): Promise<Value> {
  return tool.run(canonicalArguments(tool, args), contextOf(workspace, signal));
}

export async function textFrom(tool: Tool, args: Value, workspace: Workspace): Promise<string> {
  const answer = await call(tool, args, workspace);
  if (typeof answer !== "string") throw new Error(`${tool.name} answered no text`);
  return answer;
}

/** Code and sentence of what a promise fails with; fails itself for anything but an AppError. */
export async function failure(promise: Promise<unknown>): Promise<string> {
  const error = await rejection(promise);
  if (!(error instanceof AppError)) throw error;
  return `${error.code}: ${error.message}`;
}
