import { parseObject } from "#core/json.ts";
import type { ArtifactRow } from "#ledger/ledger.ts";

export interface StoredArtifact extends Omit<ArtifactRow, "tags" | "metadata"> {
  artifact_no: number;
  tags: string;
  metadata: string;
}

export function toArtifact({ artifact_no: _, tags, metadata, ...row }: StoredArtifact): ArtifactRow {
  return { ...row, tags: JSON.parse(tags) as Record<string, string>, metadata: parseObject(metadata) };
}
