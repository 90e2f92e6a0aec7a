import { Elysia } from "elysia";
import { AppError, messageOf } from "#core/errors.ts";
import type { JsonObject, Value } from "#core/value.ts";
import { RequestIssues } from "#http/errors.ts";
import { operation } from "#http/operation.ts";
import { readQuery } from "#http/query.ts";
import { requestWorkspace } from "#http/request-workspace.ts";
import { type RouteContext, reply } from "#http/route-context.ts";
import { WorkspacePolicyReply } from "#http/schemas/attachments.ts";
import {
  FileTextReply,
  FilesListQuery,
  FilesListReply,
  FilesReadQuery,
  FilesSearchQuery,
  FilesSearchReply,
  FilesSkimQuery,
} from "#http/schemas/files.ts";
import type { Services } from "#http/services.ts";
import { listFolder, readExtensions } from "#tools/folder-listing.ts";
import { requireFile } from "#tools/open-file.ts";
import { readFile } from "#tools/read-file.ts";
import { skimFiles } from "#tools/skim-files.ts";
import type { Tool } from "#tools/tool.ts";
import type { Workspace } from "#tools/workspace.ts";

/** Files of the workspace, for people who choose one. No path leaves the folders that the operator named. */
export function fileRoutes(context: RouteContext) {
  return new Elysia().use(policyRoute(context)).use(findRoutes(context)).use(textRoutes(context));
}

function policyRoute({ services }: RouteContext) {
  return new Elysia().get(
    "/api/gateway/workspace/policy",
    ({ set }) => reply(set, { ok: true, policy: policy(services) }),
    operation({
      id: "workspacePolicy",
      summary: "What clients may do with files",
      tag: "artifacts",
      response: WorkspacePolicyReply,
    }),
  );
}

function policy({ settings }: Pick<Services, "settings">) {
  const { mounts, allowsClientScope } = settings.workspace;
  return {
    target: "server",
    mounts: mounts.map(({ name }) => ({ name })),
    max_attachment_bytes: settings.limits.maxAttachmentBytes,
    client_workspace_scope_overrides: allowsClientScope,
    allowed_access_modes: [
      "workspace_only",
      "workspace_or_allowed",
      ...(allowsClientScope ? ["all_except_ignored"] : []),
    ],
  };
}

function findRoutes({ services: { settings }, access }: RouteContext) {
  const mountOf = (path: string) => settings.workspace.mounts.find(({ name }) => path.split("/", 1)[0] === name)?.name;
  const withMount = <T extends { path: string }>(entry: T) => {
    const mount = mountOf(entry.path);
    return mount === undefined ? entry : { ...entry, mount };
  };
  return new Elysia()
    .get(
      "/api/gateway/files/list",
      async ({ request, set }) => {
        const query = readQuery(request.url, FilesListQuery);
        const { folder, entries, isTruncated } = await listFolder({
          workspace: requestWorkspace(access.services(request), query),
          path: query.path ?? "",
          isRecursive: query.recursive ?? false,
          includesFolders: query.include_directories ?? true,
          family: query.family?.toLowerCase() || "any",
          extensions: readExtensions(query.extensions ?? ""),
          query: query.query ?? "",
          limit: query.limit ?? 200,
          maxDepth: query.max_depth ?? 0,
          signal: request.signal,
        });
        return reply(set, { folder_path: folder, items: entries.map(withMount), truncated: isTruncated });
      },
      operation({
        id: "listFiles",
        summary: "What lies in a folder of the workspace",
        tag: "artifacts",
        query: FilesListQuery,
        response: FilesListReply,
        errors: [400, 404],
      }),
    )
    .get(
      "/api/gateway/files/search",
      async ({ request, set }) => {
        const query = readQuery(request.url, FilesSearchQuery);
        const words = required(query.query, "query");
        const workspace = requestWorkspace(access.services(request), query);
        const found = await access
          .services(request)
          .fileIndex.search(workspace, words, query.limit ?? 20, request.signal);
        return reply(set, { items: found.map(withMount) });
      },
      operation({
        id: "searchFiles",
        summary: "Find files of the workspace by their names",
        tag: "artifacts",
        query: FilesSearchQuery,
        response: FilesSearchReply,
        errors: [400, 404],
      }),
    );
}

function textRoutes({ access }: RouteContext) {
  return new Elysia()
    .get(
      "/api/gateway/files/read",
      async ({ request, set }) => {
        const query = readQuery(request.url, FilesReadQuery);
        const workspace = requestWorkspace(access.services(request), query);
        const { path } = await workspace.resolve(required(query.path, "path"));
        const { start_line = 1, end_line } = query;
        const args = { file_path: path, start_line, ...(end_line === undefined ? {} : { end_line }) };
        return reply(set, await textOf({ tool: readFile, args }, { workspace, path, signal: request.signal }));
      },
      operation({
        id: "readFile",
        summary: "Numbered lines of a file of the workspace",
        tag: "artifacts",
        query: FilesReadQuery,
        response: FileTextReply,
        errors: [400, 404],
      }),
    )
    .get(
      "/api/gateway/files/skim",
      async ({ request, set }) => {
        const query = readQuery(request.url, FilesSkimQuery);
        const workspace = requestWorkspace(access.services(request), query);
        const { path } = await workspace.resolve(required(query.path, "path"));
        const { target_percent = 8, head_lines = 25 } = query;
        const args = { paths: [path], target_percent, head_lines };
        return reply(set, await textOf({ tool: skimFiles, args }, { workspace, path, signal: request.signal }));
      },
      operation({
        id: "skimFile",
        summary: "The most telling lines of a file of the workspace",
        tag: "artifacts",
        query: FilesSkimQuery,
        response: FileTextReply,
        errors: [400, 404],
      }),
    );
}

interface Caller {
  workspace: Workspace;
  path: string;
  signal: AbortSignal;
}

/** A tool's answer, its own trouble included: the words are the same that a model would read. */
async function textOf(call: { tool: Tool; args: JsonObject }, { workspace, path, signal }: Caller) {
  const file = { path, shown: workspace.show(path) ?? path };
  await requireFile(file);
  const run = { run_id: "", root_run_id: "", session_id: null, runtime_id: "", actor_id: null };
  let content: Value;
  try {
    content = await call.tool.run(call.args, { run, workspace, signal });
  } catch (error) {
    if (!(error instanceof AppError) || error.code === "forbidden") throw error;
    content = `Error: ${messageOf(error)}`;
  }
  return { path: file.shown, content };
}

function required(value: string | undefined, name: string): string {
  if (value !== undefined && value.trim() !== "") return value;
  throw new RequestIssues([{ type: "missing", loc: ["query", name], msg: "Field required", input: null }]);
}
