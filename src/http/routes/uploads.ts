import { Elysia } from "elysia";
import type { Upload } from "#artifacts/uploads.ts";
import { attachmentTooLarge } from "#artifacts/incoming-file.ts";
import { principalKey } from "#auth/principal.ts";
import { AppError } from "#core/errors.ts";
import { type AttachmentTold, attachmentReply, attachmentOwner, uploadFacts } from "#http/attachment.ts";
import { readJsonBody } from "#http/body.ts";
import { operation } from "#http/operation.ts";
import { type RouteContext, reply } from "#http/route-context.ts";
import { BeginUploadRequest, UploadReply } from "#http/schemas/attachments.ts";
import type { Services } from "#http/services.ts";
import { bodyCheck } from "#http/validation.ts";

const beginBody = bodyCheck(BeginUploadRequest);
const path = { upload_id: "Id of the upload." };

/** Uploads in pieces, which go on where they stopped; what the gateway has already needs not be sent. */
export function uploadRoutes(context: RouteContext) {
  return new Elysia().use(beginRoute(context)).use(pieceRoutes(context));
}

function beginRoute({ access }: RouteContext) {
  return new Elysia().post(
    "/api/gateway/attachments/uploads",
    async ({ request, set }) => {
      const body = beginBody.check((await readJsonBody(request, access.bodyLimitBytes(request))).value);
      const services = access.services(request);
      const { maxAttachmentBytes } = services.settings.limits;
      if (body.size_bytes > maxAttachmentBytes) throw attachmentTooLarge(body.size_bytes, maxAttachmentBytes);
      const told = {
        sessionId: body.session_id,
        filename: body.filename ?? null,
        contentType: body.content_type ?? null,
        sourcePath: body.source_path ?? null,
      };
      const owner = await attachmentOwner(services, told.sessionId);
      const facts = uploadFacts(told, owner);
      const sha256 = body.sha256.toLowerCase();
      const known = await knownBlob(services, sha256, body.size_bytes);
      if (known) {
        const row = await services.artifacts.commit(await services.artifacts.keepBlob(sha256, known, facts));
        return reply(set, { ...complete(body.size_bytes), ...attachmentReply(row, told.sessionId) });
      }
      const principal = principalKey(access.principal(request));
      const plan = { ...told, principal, owner, sizeBytes: body.size_bytes, sha256 };
      const upload = await services.uploads.begin(plan);
      return reply(set, upload.sizeBytes === 0 ? await finish(services, upload) : progress(upload));
    },
    operation({
      id: "beginUpload",
      summary: "Begin an upload in pieces",
      description:
        "When the gateway has a file with this SHA-256 already, the artifact is made at once and nothing needs be sent.",
      tag: "artifacts",
      body: BeginUploadRequest,
      response: UploadReply,
      errors: [400, 413, 507],
    }),
  );
}

function pieceRoutes({ access }: RouteContext) {
  const find = async (request: Request, uploadId: string): Promise<Upload> => {
    const upload = await access.services(request).uploads.find(uploadId, principalKey(access.principal(request)));
    if (!upload) throw new AppError("not_found", `Upload '${uploadId.slice(0, 64)}' not found`);
    return upload;
  };
  return new Elysia()
    .get(
      "/api/gateway/attachments/uploads/:upload_id",
      async ({ params, request, set }) => reply(set, progress(await find(request, params.upload_id))),
      operation({
        id: "readUpload",
        summary: "How far an upload has come",
        tag: "artifacts",
        path,
        response: UploadReply,
        errors: [404],
      }),
    )
    .patch(
      "/api/gateway/attachments/uploads/:upload_id",
      async ({ params, request, set }) => {
        const upload = await find(request, params.upload_id);
        const services = access.services(request);
        const body = request.body as unknown as AsyncIterable<Uint8Array> | null;
        const after = await services.uploads.append(upload, offsetOf(request), body ?? nothing());
        return reply(set, after.offset === after.sizeBytes ? await finish(services, after) : progress(after));
      },
      operation({
        id: "sendUploadPiece",
        summary: "Send the next piece of an upload",
        description:
          "The body is the bytes from `upload-offset` on. With the last byte the file is checked and the artifact made.",
        tag: "artifacts",
        path,
        bytes: "The next bytes of the file.",
        headers: { "upload-offset": "Where the piece begins: as many bytes as have come." },
        response: UploadReply,
        errors: [400, 404, 409, 413, 422, 507],
      }),
    )
    .delete(
      "/api/gateway/attachments/uploads/:upload_id",
      async ({ params, request, set }) => {
        const upload = await find(request, params.upload_id);
        await access.services(request).uploads.discard(upload);
        return reply(set, { ...progress(upload), upload_id: null });
      },
      operation({
        id: "discardUpload",
        summary: "Give an upload up",
        tag: "artifacts",
        path,
        response: UploadReply,
        errors: [404],
      }),
    );
}

/** Only what an artifact here names, so that nobody finds out by hashes what lies in the store. */
async function knownBlob({ ledger, blobs }: Services, blobId: string, sizeBytes: number) {
  const { total } = await ledger.artifactStats({ blobId });
  const blob = total > 0 ? await blobs.open(blobId) : null;
  return blob && blob.size === sizeBytes ? blob : null;
}

async function finish(services: Services, upload: Upload) {
  const told: AttachmentTold = upload;
  const received = await services.uploads.finish(upload);
  const row = await services.artifacts.commit(await services.artifacts.keep(received, uploadFacts(told, upload.owner)));
  return { ...complete(upload.sizeBytes), ...attachmentReply(row, upload.sessionId) };
}

function progress(upload: Upload) {
  return {
    ok: true,
    upload_id: upload.uploadId,
    offset: upload.offset,
    size_bytes: upload.sizeBytes,
    complete: false,
  };
}

function complete(sizeBytes: number) {
  return { ok: true, upload_id: null, offset: sizeBytes, size_bytes: sizeBytes, complete: true };
}

function offsetOf(request: Request): number {
  const text = request.headers.get("upload-offset") ?? "";
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new AppError("invalid_request", "The header upload-offset must say where the piece begins");
}

async function* nothing(): AsyncGenerator<Uint8Array> {
  // A piece without bytes changes nothing.
}
