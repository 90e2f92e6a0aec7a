import { join } from "node:path";
import { documentCommand } from "#app/own-command.ts";
import { createAccessLog } from "#artifacts/access-log.ts";
import { createAttachments } from "#artifacts/attachments.ts";
import { createArtifacts } from "#artifacts/artifacts.ts";
import { createDiskBlobs } from "#artifacts/disk-blobs.ts";
import { createS3Blobs } from "#artifacts/s3-blobs.ts";
import { createUploads } from "#artifacts/uploads.ts";
import { openFolder } from "#app/open-folder.ts";
import { workspaceOpener } from "#app/workspace-access.ts";
import { createDocuments } from "#documents/documents.ts";
import type { FileDependencies } from "#effects/files/file-context.ts";
import { createFileIndex } from "#tools/file-index.ts";
import { createBlocStore } from "#models/blocs/bloc-store.ts";
import type { Settings } from "#config/settings.ts";
import { systemClock } from "#core/time.ts";
import type { Ledger } from "#ledger/ledger.ts";

export function createFolders(settings: Settings) {
  const fileIndex = createFileIndex({ ...settings.workspace.fileIndex, now: systemClock });
  return { openWorkspace: workspaceOpener(settings), openFolder, fileIndex };
}

export function fileDependencies(settings: Settings, stores: Stores): FileDependencies {
  return {
    ...stores,
    openWorkspace: workspaceOpener(settings),
    documents: createDocuments({ command: documentCommand() }),
    maxArtifactBytes: settings.limits.maxAttachmentBytes,
  };
}

/** What lies beside the ledger: bytes, uploads that are under way, texts. */
export type Stores = Awaited<ReturnType<typeof openStores>>;

export async function openStores(settings: Settings, ledger: Ledger) {
  const now = systemClock;
  const dir = join(settings.dataDir, "artifacts");
  const blobs = settings.s3 ? createS3Blobs(settings.s3) : createDiskBlobs(dir);
  const artifacts = createArtifacts({ ledger, blobs, folder: join(dir, "incoming"), now });
  await artifacts.clean();
  const blocStore = createBlocStore(join(settings.dataDir, "blocs"), now);
  const uploads = createUploads({ folder: join(dir, "uploads"), now });
  const accessLog = createAccessLog(ledger, now);
  return { blobs, artifacts, uploads, accessLog, attachments: createAttachments(ledger, blobs), blocStore };
}
