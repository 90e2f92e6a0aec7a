import type { BlobStore } from "#artifacts/blob-store.ts";
import { sessionMemoryRunId } from "#artifacts/session-run.ts";
import { AppError } from "#core/errors.ts";
import type { ArtifactRow, Ledger } from "#ledger/ledger.ts";

/** The run that looks. */
export interface Viewer {
  run_id: string;
  root_run_id: string;
  session_id: string | null;
  runtime_id: string;
}

/** An artifact as runs know it. */
export interface Attachment {
  artifactId: string;
  /** How a person or a model names it: its path, else its file name, else its id. */
  handle: string;
  filename: string;
  sha256: string;
  contentType: string;
  sizeBytes: number;
  createdAt: string;
}

/** What was given to a session or made by its runs, as far as one run may see it. */
export interface Attachments {
  /** Null when there is none, or it belongs to somebody else. */
  find(viewer: Viewer, artifactId: string): Promise<Attachment | null>;
  /** Those of the session as a whole, newest first. */
  list(viewer: Viewer): Promise<Attachment[]>;
  /** AppError `gone` when the bytes are not there any more. */
  read(attachment: Attachment): Promise<Uint8Array>;
}

/** More in one session are found by their id only. */
const maxListed = 1000;

export function createAttachments(ledger: Ledger, blobs: BlobStore): Attachments {
  return {
    async find(viewer, artifactId) {
      const row = await ledger.getArtifact(artifactId, viewer.runtime_id);
      return row && (await isVisible(ledger, row, viewer)) ? attachmentOf(row) : null;
    },
    async list({ session_id: sessionId, runtime_id: runtimeId }) {
      if (sessionId === null) return [];
      const { items } = await ledger.listArtifacts(sessionMemoryRunId(sessionId), {
        runtimeId,
        limit: maxListed,
        offset: 0,
      });
      return items.map(attachmentOf).sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
    },
    async read({ sha256, handle }) {
      const bytes = await blobs.get(sha256);
      if (!bytes) throw new AppError("gone", `The content of '${handle}' is missing`);
      return bytes;
    },
  };
}

/** What the tree of runs made, and what belongs to the session (contract http-api 1.9). */
async function isVisible(ledger: Ledger, row: ArtifactRow, viewer: Viewer): Promise<boolean> {
  const { run_id: owner, tags } = row;
  const { run_id, root_run_id, session_id } = viewer;
  if (owner === run_id || owner === root_run_id) return true;
  if (session_id !== null && (owner === sessionMemoryRunId(session_id) || tags["session_id"] === session_id))
    return true;
  if (owner === null) return false;
  const maker = await ledger.getRun(owner);
  if (maker === null) return false;
  return maker.root_run_id === root_run_id || (session_id !== null && maker.session_id === session_id);
}

function attachmentOf({ artifact_id, blob_id, content_type, size_bytes, created_at, tags }: ArtifactRow): Attachment {
  const filename = tags["filename"] ?? artifact_id;
  return {
    artifactId: artifact_id,
    handle: (tags["path"] ?? filename).replace(/^client:/, ""),
    filename,
    sha256: blob_id,
    contentType: content_type,
    sizeBytes: size_bytes,
    createdAt: created_at,
  };
}
