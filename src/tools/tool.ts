import type { JsonObject, Value } from "#core/value.ts";
import type { Workspace } from "#tools/workspace.ts";

/** One argument of a tool: a JSON Schema, where an argument without `default` is required. */
export interface ToolParameter {
  type: "string" | "integer" | "number" | "boolean" | "array" | "object";
  description: string;
  default?: Value;
  enum?: string[];
  items?: JsonObject;
}

/** What a tool call may know of its caller. */
export interface ToolContext {
  run: { run_id: string; root_run_id: string; session_id: string | null; runtime_id: string; actor_id: string | null };
  /** Null when the run has no workspace: paths are then taken from the folder of the process. */
  workspace: Workspace | null;
  /** Aborted when the run is cancelled or the call takes too long; whatever a tool has started ends then. */
  signal: AbortSignal;
}

/**
 * Something that an agent may do. `run` answers what the model and the ledger see: text, or an object. It throws an AppError, or any
 * Error, with one clear sentence when it cannot; that is an observation for the model and never ends the run.
 */
export interface Tool {
  name: string;
  description: string;
  when_to_use?: string;
  /** Group in catalogues: `files`, `web`, `system`, or `mcp::<server>`. */
  toolset: string;
  parameters: Record<string, ToolParameter>;
  examples?: JsonObject[];
  /** Other names of arguments that models are known to use, by the right name. */
  synonyms?: Record<string, string[]>;
  /** Arguments that name files or folders: resolved by the workspace before the call is shown to anybody. `default` stands for one that is absent. */
  paths?: { argument: string; default?: string }[];
  /** Without a policy that says otherwise: runs at once, or waits for somebody's consent. */
  approval: "auto" | "required";
  /** After a crash in the middle: may it simply run again, or may it have acted already so that somebody must be asked? */
  replay: "safe" | "ask";
  timeoutMs: number;
  run(args: JsonObject, context: ToolContext): Promise<Value>;
}

export interface ToolRegistry {
  /** In the order in which catalogues show them. */
  list(): Tool[];
  /** By exact name, else ignoring case, `_` and `-`. Null when there is none. */
  find(name: string): Tool | null;
  /** Makes the tools of other servers known. Resolves when they are, or when it is clear that they cannot be; never throws for a server. */
  load(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
