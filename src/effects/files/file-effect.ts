import { AppError } from "#core/errors.ts";
import { type JsonObject, isObject } from "#core/value.ts";
import type { EffectHandler, Effected } from "#effects/effect-handler.ts";
import { exportArtifact, importWorkspaceFile, readArtifact } from "#effects/files/artifact-files.ts";
import type { FileDependencies, FileOperation } from "#effects/files/file-context.ts";
import { readPdf, writePdf } from "#effects/files/pdf-files.ts";
import { listFolderFiles, readFile, writeFile } from "#effects/files/text-files.ts";
import { workspaceOf } from "#tools/create-workspace.ts";

const operations: Record<string, FileOperation> = {
  read_file: readFile,
  write_file: writeFile,
  read_pdf: readPdf,
  write_pdf: writePdf,
  list_folder_files: listFolderFiles,
  import_workspace_file: importWorkspaceFile,
  export_artifact: exportArtifact,
  read_artifact: readArtifact,
};

/** Files and artifacts of flows (contract flow-runtime 2.10). Each may be done again after a crash: writing the same is no harm. */
export function fileHandler(deps: FileDependencies): EffectHandler {
  return {
    type: "file_operation",
    world: true,
    onInterrupted: "retry",
    retry: { attempts: 1, baseMs: 0, maxMs: 0 },
    async run({ payload }, { run, vars, node_id, signal }): Promise<Effected> {
      const name = payload["operation"];
      const operation = typeof name === "string" && Object.hasOwn(operations, name) ? operations[name] : undefined;
      if (!operation) return { outcome: { status: "failed", error: "file_operation: the operation is not known" } };
      const input = isObject(payload["input"]) ? payload["input"] : {};
      try {
        const workspace = workspaceOf({ workspace: deps.openWorkspace(workspaceVars(vars, input), run.runtime_id) });
        const { result, artifacts } = await operation({ deps, input, workspace, run, nodeId: node_id, signal });
        // Contract flow-runtime 2.4: what these nodes give flows on along the exec edges.
        const writes = [{ path: ["_last_output"], value: result }];
        return { outcome: { status: "completed", result }, writes, ...(artifacts ? { artifacts } : {}) };
      } catch (error) {
        if (!(error instanceof AppError) || signal.aborted) throw error;
        return { outcome: { status: "completed", result: { success: false, error: error.message } } };
      }
    },
  };
}

const workspaceKeys = ["workspace_root", "workspace_access_mode", "workspace_allowed_paths", "workspace_ignored_paths"];

/** The run's own folders, or those that pins of the node name instead: held to the same limits. */
function workspaceVars(vars: JsonObject, input: JsonObject): JsonObject {
  const entries = workspaceKeys.map((key) => [key, input[key] ?? vars[key] ?? null] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== null));
}
