import { isoTime, type Clock } from "#core/time.ts";
import type { ArtifactReads, Ledger } from "#ledger/ledger.ts";

export type AccessKind = "metadata" | "content" | "preview" | "download";

/** Counts reads of artifacts. Best effort: they are written together a few seconds later, and nobody waits for it. */
export interface AccessLog {
  note(artifactId: string, kind: AccessKind): void;
  /** Writes what was counted. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

const flushMs = 2000;
/** So many artifacts are written at once, at the latest. */
const maxPending = 5000;

const counterOf = {
  metadata: "metadata_access_count",
  content: "content_access_count",
  preview: "preview_count",
  download: "download_count",
} as const;

export function createAccessLog(ledger: Ledger, now: Clock): AccessLog {
  let pending = new Map<string, ArtifactReads>();
  let timer: Timer | null = null;
  const flush = async () => {
    if (timer) clearTimeout(timer);
    timer = null;
    const reads = [...pending.values()];
    pending = new Map();
    // Lost counts are no trouble worth a word: the artifact was read all the same.
    if (reads.length > 0) await ledger.addArtifactAccess(reads).catch(() => undefined);
  };
  return {
    note(artifactId, kind) {
      const reads = pending.get(artifactId) ?? noReads(artifactId);
      reads[counterOf[kind]] += 1;
      if (kind === "preview" || kind === "download") reads.content_access_count += 1;
      reads.last_accessed_at = isoTime(now());
      pending.set(artifactId, reads);
      timer ??= setTimeout(() => void flush(), flushMs);
      if (pending.size >= maxPending) void flush();
    },
    flush,
    close: flush,
  };
}

function noReads(artifactId: string): ArtifactReads {
  const none = { metadata_access_count: 0, content_access_count: 0, preview_count: 0, download_count: 0 };
  return { artifact_id: artifactId, ...none, last_accessed_at: "" };
}
