import { rm } from "node:fs/promises";
import { Elysia } from "elysia";
import type { ReceivedFile } from "#artifacts/incoming-file.ts";
import { type FilePart, receiveForm } from "#http/receive-form.ts";
import {
  type AttachmentTold,
  attachmentReply,
  attachmentOwner,
  contentTypeOf,
  fileNameOf,
  uploadFacts,
} from "#http/attachment.ts";
import { sessionMemoryRunId } from "#artifacts/session-run.ts";
import { AppError } from "#core/errors.ts";
import { readJsonBody } from "#http/body.ts";
import { operation } from "#http/operation.ts";
import { type RouteContext, ownRuntime, reply } from "#http/route-context.ts";
import { type WorkspaceFields, requestWorkspace } from "#http/request-workspace.ts";
import { AttachmentReply, ImportRequest, IngestRequest, UploadForm } from "#http/schemas/attachments.ts";
import type { Services } from "#http/services.ts";
import { bodyCheck, shownText } from "#http/validation.ts";
import type { ArtifactRow } from "#ledger/ledger.ts";
import { fileChunks, requireFile } from "#tools/open-file.ts";

const ingestBody = bodyCheck(IngestRequest);
const importBody = bodyCheck(ImportRequest);

/** Files that become artifacts of a session: sent by a client, or read from the workspace. */
export function attachmentRoutes(context: RouteContext) {
  return new Elysia().use(uploadRoute(context)).use(workspaceRoutes(context));
}

function uploadRoute({ access }: RouteContext) {
  return new Elysia().post(
    "/api/gateway/attachments/upload",
    async ({ request, set }) => {
      const services = access.services(request);
      const { file, fields } = await receiveForm(request, {
        field: "file",
        take: (part) => takeFile(services, part),
        undo: ({ received }) => rm(received.path, { force: true }),
      });
      const told: AttachmentTold = {
        sessionId: fields.get("session_id") ?? "",
        filename: fields.get("filename"),
        contentType: fields.get("content_type"),
        sourcePath: fields.get("source_path"),
        partName: file.filename,
        partType: file.contentType,
      };
      const row = await keepUpload(services, file.received, told);
      const answer = attachmentReply(row, told.sessionId);
      return reply(set, { ...answer, attachment: answer.artifact });
    },
    operation({
      id: "uploadAttachment",
      summary: "Send a file to a session",
      description: "The file is stored as it comes. With a `source_path` its place on the client is kept as a tag.",
      tag: "artifacts",
      form: UploadForm,
      response: AttachmentReply,
      errors: [400, 413, 507],
    }),
  );
}

async function takeFile(
  { artifacts, settings, ledger }: Services,
  { filename, contentType, chunks, fields }: FilePart,
) {
  const sessionId = fields.get("session_id");
  // A session that comes after the file costs a second reading of it.
  const owner = sessionId ? { runtimeId: ownRuntime(ledger), runId: sessionMemoryRunId(sessionId) } : null;
  const received = await artifacts.receive(chunks, { maxBytes: settings.limits.maxAttachmentBytes, owner });
  return { received, filename, contentType };
}

/** The artifact of a file that came. When it cannot be made, nothing is left of the file. */
async function keepUpload(services: Services, received: ReceivedFile, told: AttachmentTold): Promise<ArtifactRow> {
  const { artifacts } = services;
  try {
    const owner = await attachmentOwner(services, told.sessionId);
    return await artifacts.commit(await artifacts.keep(received, uploadFacts(told, owner)));
  } catch (error) {
    await rm(received.path, { force: true });
    throw error;
  }
}

function workspaceRoutes({ access }: RouteContext) {
  return new Elysia()
    .post(
      "/api/gateway/attachments/ingest",
      async ({ request, set }) => {
        const body = ingestBody.check((await readJsonBody(request, access.bodyLimitBytes(request))).value);
        const row = await readIn(access.services(request), body, { ...body, kind: "attachment", tags: {} });
        const answer = attachmentReply(row, body.session_id);
        return reply(set, { ...answer, attachment: answer.artifact });
      },
      operation({
        id: "ingestAttachment",
        summary: "Attach a file of the gateway's machine to a session",
        tag: "artifacts",
        body: IngestRequest,
        response: AttachmentReply,
        errors: [400, 404, 413, 507],
      }),
    )
    .post(
      "/api/gateway/artifacts/import",
      async ({ request, set }) => {
        const body = importBody.check((await readJsonBody(request, access.bodyLimitBytes(request))).value);
        const path = body.path || body.source?.path;
        if (body.source?.kind && body.source.kind !== "workspace_path") {
          throw new AppError("invalid_request", "source.kind must be workspace_path");
        }
        if (!path) throw new AppError("invalid_request", "path is required");
        const tags = { ...textTags(body.tags), ...(body.pin_id ? { pin_id: body.pin_id } : {}) };
        const row = await readIn(access.services(request), body, { ...body, path, kind: body.purpose, tags });
        return reply(set, attachmentReply(row, body.session_id));
      },
      operation({
        id: "importArtifact",
        summary: "Make an artifact of a file of the workspace",
        tag: "artifacts",
        body: ImportRequest,
        response: AttachmentReply,
        errors: [400, 404, 413, 507],
      }),
    );
}

function textTags(tags: object | undefined): Record<string, string> {
  for (const [name, value] of Object.entries(tags ?? {})) {
    if (typeof value !== "string") throw new AppError("invalid_request", `tags: '${shownText(name)}' is not a text`);
  }
  return { ...tags };
}

interface WorkspaceFile {
  session_id: string;
  path: string;
  kind: string;
  tags: Record<string, string>;
  filename?: string | null | undefined;
  content_type?: string | null | undefined;
}

/** Reads a file of the workspace into the session's memory. */
async function readIn(services: Services, fields: WorkspaceFields, wanted: WorkspaceFile): Promise<ArtifactRow> {
  const { artifacts, settings } = services;
  const { maxAttachmentBytes: maxBytes } = settings.limits;
  const workspace = requestWorkspace(services, fields);
  const file = await workspace.resolve(wanted.path);
  const { size } = await requireFile(file);
  if (size > maxBytes) {
    throw new AppError("too_large", `Attachment too large (${size} bytes > ${maxBytes} bytes)`);
  }
  const filename = fileNameOf(wanted.filename || file.shown);
  const contentType = contentTypeOf({ contentType: wanted.content_type }, filename);
  const owner = await attachmentOwner(services, wanted.session_id);
  const received = await artifacts.receive(fileChunks(file), { maxBytes, owner });
  const tags = {
    ...wanted.tags,
    kind: wanted.kind || "run_input",
    target: "server",
    source: "workspace",
    path: file.shown,
    filename,
    session_id: wanted.session_id,
  };
  return artifacts.commit(await artifacts.keep(received, { owner, contentType, tags }));
}
