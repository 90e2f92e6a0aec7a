import type { Database } from "bun:sqlite";
import { countFacets } from "#ledger/artifact-facets.ts";
import {
  type ArtifactAccess,
  type ArtifactFilter,
  type ArtifactOrder,
  type ArtifactPage,
  type ArtifactQuery,
  type ArtifactStats,
  type FoundArtifact,
  artifactFacets,
} from "#ledger/ledger.ts";
import { type StoredArtifact, toArtifact } from "#ledger/sqlite/stored-artifact.ts";

type Bound = string | number;

const columnOfOrder: Record<ArtifactOrder, string> = {
  created_at: "c.created_at",
  size_bytes: "c.size_bytes",
  last_accessed_at: "x.last_accessed_at",
  semantic_kind: "c.semantic_kind",
  render_kind: "c.render_kind",
  workflow: "c.workflow_id",
  run: "c.run_id",
  turn: "c.turn_id",
};

export function searchArtifacts(db: Database, query: ArtifactQuery): ArtifactPage {
  const { terms, values } = conditions(query.filter);
  const total = count(db, terms, values);
  const direction = query.descending ? "DESC" : "ASC";
  if (query.after && query.orderBy === "created_at") {
    terms.push(`(c.created_at, c.artifact_id) ${query.descending ? "<" : ">"} (?, ?)`);
    values.push(query.after.createdAt, query.after.artifactId);
  }
  const first = columnOfOrder[query.orderBy];
  const order = `${first} ${direction}${query.orderBy === "created_at" ? "" : `, c.created_at ${direction}`}`;
  // The page is chosen in the narrow table; only its rows are fetched whole.
  const rows = db
    .query(
      `WITH page AS MATERIALIZED (
         SELECT c.artifact_no FROM artifact_catalogue c
         ${query.orderBy === "last_accessed_at" ? "LEFT JOIN artifact_access x USING (artifact_no)" : ""}
         ${where(terms)} ORDER BY ${order}, c.artifact_id ${direction} LIMIT ? OFFSET ?
       )
       SELECT a.*, r.workflow_id, r.session_id, r.parent_run_id, r.actor_id,
         x.metadata_count, x.content_count, x.preview_count, x.download_count, x.last_accessed_at
       FROM page CROSS JOIN artifacts a USING (artifact_no)
       LEFT JOIN runs r ON r.run_id = a.run_id LEFT JOIN artifact_access x ON x.artifact_no = a.artifact_no`,
    )
    .all(...values, query.limit, query.offset) as Joined[];
  return { items: rows.map(toFound), total };
}

export function artifactStats(db: Database, filter: ArtifactFilter): ArtifactStats {
  const { terms, values } = conditions(filter);
  const rows = db
    .query(`SELECT c.size_bytes, ${artifactFacets.join(", ")} FROM artifact_catalogue c ${where(terms)}`)
    .values(...values) as [number, ...(string | null)[]][];
  return countFacets(rows);
}

function count(db: Database, terms: string[], values: Bound[]): number {
  const row = db.query(`SELECT count(*) FROM artifact_catalogue c ${where(terms)}`).values(...values)[0];
  return (row?.[0] as number | undefined) ?? 0;
}

function where(terms: string[]): string {
  return terms.length > 0 ? `WHERE ${terms.join(" AND ")}` : "";
}

/** SQL terms over the catalogue `c`, and the values of their question marks. */
function conditions(filter: ArtifactFilter): { terms: string[]; values: Bound[] } {
  const terms: string[] = [];
  const values: Bound[] = [];
  const add = (term: string, ...bound: Bound[]) => {
    terms.push(term);
    values.push(...bound);
  };
  const equal: [string, string | undefined][] = [
    ["c.run_id", filter.runId],
    ["c.runtime_id", filter.runtimeId],
    ["c.blob_id", filter.blobId],
    ["c.modality", filter.modality],
    ["c.semantic_kind", filter.semanticKind],
    ["c.render_kind", filter.renderKind],
    ["c.workflow_id", filter.workflowId],
    ["c.node_id", filter.nodeId],
  ];
  for (const [column, value] of equal) if (value !== undefined) add(`${column} = ?`, value);
  if (filter.artifactId !== undefined) {
    add("c.artifact_no = (SELECT artifact_no FROM artifacts WHERE artifact_id = ?)", filter.artifactId);
  }
  if (filter.session) {
    add("(c.session_id = ? OR c.run_id = ?)", filter.session.sessionId, filter.session.memoryRunId);
  }
  if (filter.kinds) {
    const kinds = JSON.stringify(filter.kinds);
    const oneOf = (column: string) => `${column} IN (SELECT value FROM json_each(?))`;
    add(`(${["c.semantic_kind", "c.render_kind", "c.modality"].map(oneOf).join(" OR ")})`, kinds, kinds, kinds);
  }
  if (filter.contentType !== undefined) addContentType(filter.contentType, add);
  if (filter.text !== undefined) add("instr(c.words, ?) > 0", filter.text.toLowerCase());
  if (filter.tags) {
    for (const [key, value] of Object.entries(filter.tags)) {
      const tags = "SELECT 1 FROM artifacts t, json_each(t.tags) e WHERE t.artifact_no = c.artifact_no";
      add(`EXISTS (${tags} AND e.key = ? AND e.value = ?)`, key, value);
    }
  }
  if (filter.createdAfter !== undefined) add("c.created_at >= ?", filter.createdAfter);
  if (filter.createdBefore !== undefined) add("c.created_at <= ?", filter.createdBefore);
  return { terms, values };
}

/** A family is a range of text: `image/` up to, and without, `image0`. */
function addContentType(type: string, add: (term: string, ...bound: Bound[]) => void): void {
  if (!type.endsWith("/*")) return add("c.content_type = ?", type);
  const family = type.slice(0, -1);
  add("c.content_type >= ? AND c.content_type < ?", family, `${family.slice(0, -1)}0`);
}

interface Joined extends StoredArtifact {
  workflow_id: string | null;
  session_id: string | null;
  parent_run_id: string | null;
  actor_id: string | null;
  metadata_count: number | null;
  content_count: number | null;
  preview_count: number | null;
  download_count: number | null;
  last_accessed_at: string | null;
}

function toFound(joined: Joined): FoundArtifact {
  const { workflow_id, session_id, parent_run_id, actor_id, ...rest } = joined;
  const { metadata_count, content_count, preview_count, download_count, last_accessed_at, ...stored } = rest;
  const access: ArtifactAccess = {
    metadata_access_count: metadata_count ?? 0,
    content_access_count: content_count ?? 0,
    preview_count: preview_count ?? 0,
    download_count: download_count ?? 0,
    last_accessed_at,
  };
  const origin = workflow_id === null ? null : { workflow_id, session_id, parent_run_id, actor_id };
  return { row: toArtifact(stored), origin, access };
}
