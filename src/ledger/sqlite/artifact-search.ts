import type { Database } from "bun:sqlite";
import { type FacetGroup, countFacets } from "#ledger/artifact-facets.ts";
import { tagWords } from "#ledger/artifact-kinds.ts";
import type {
  ArtifactAccess,
  ArtifactFilter,
  ArtifactOrder,
  ArtifactPage,
  ArtifactQuery,
  ArtifactStats,
  FoundArtifact,
} from "#ledger/ledger.ts";
import { type StoredArtifact, toArtifact } from "#ledger/sqlite/stored-artifact.ts";

type Bound = string | number;

const columnOfOrder: Record<ArtifactOrder, string> = {
  created_at: "c.created_at",
  size_bytes: "c.size_bytes",
  last_accessed_at: "x.last_accessed_at",
  semantic_kind: "f.semantic_kind",
  render_kind: "f.render_kind",
  workflow: "f.workflow_id",
  run: "c.run_id",
  turn: "c.turn_id",
};

export function searchArtifacts(db: Database, query: ArtifactQuery): ArtifactPage {
  const all = conditions(query.filter);
  const { terms, values } = conditions(query.filter);
  const direction = query.descending ? "DESC" : "ASC";
  const { orderBy, limit, offset } = query;
  const after = orderBy === "created_at" ? query.after : undefined;
  if (after) {
    terms.push(`(c.created_at, c.artifact_id) ${query.descending ? "<" : ">"} (?, ?)`);
    values.push(after.createdAt, after.artifactId);
  }
  // Searching texts takes longer than the rest together, so it is done once and all that it finds is counted on the way.
  const isSlow = !after && (query.filter.text !== undefined || query.filter.tags !== undefined);
  const order = `${columnOfOrder[orderBy]} ${direction}${orderBy === "created_at" ? "" : `, c.created_at ${direction}`}`;
  // The page is chosen in the narrow table; only its rows are fetched whole. A cross join keeps their order.
  const rows = db
    .query(
      `WITH page AS MATERIALIZED (
         SELECT c.artifact_no, ${isSlow ? "count(*) OVER ()" : "NULL"} AS total FROM artifact_catalogue c
         ${columnOfOrder[orderBy].startsWith("x.") ? "LEFT JOIN artifact_access x USING (artifact_no)" : ""}
         ${columnOfOrder[orderBy].startsWith("f.") ? "JOIN artifact_facets f USING (facet_no)" : ""}
         ${where(terms)} ORDER BY ${order}, c.artifact_id ${direction} LIMIT ? OFFSET ?
       )
       SELECT page.total, a.*, r.workflow_id, r.session_id, r.parent_run_id, r.actor_id,
         x.metadata_count, x.content_count, x.preview_count, x.download_count, x.last_accessed_at
       FROM page CROSS JOIN artifacts a USING (artifact_no)
       LEFT JOIN runs r ON r.run_id = a.run_id LEFT JOIN artifact_access x ON x.artifact_no = a.artifact_no`,
    )
    .all(...values, limit, offset) as Joined[];
  // A page with room left is the last one.
  const isLast = !after && rows.length < limit && (rows.length > 0 || offset === 0);
  const total = isLast ? offset + rows.length : (rows[0]?.total ?? count(db, all));
  return { items: rows.map(toFound), total };
}

type CountRow = [facetNo: number | null, runId: string | null, count: number, bytes: number];
type FacetRow = [number, ...(string | null)[]];
const commonFacets = ["semantic_kind", "render_kind", "modality", "content_type", "workflow_id", "node_id"] as const;

export function artifactStats(db: Database, filter: ArtifactFilter): ArtifactStats {
  const { terms, values } = conditions(filter);
  const found = `SELECT c.facet_no, c.run_id, c.size_bytes FROM artifact_catalogue c ${where(terms)}`;
  // What fits is looked for once, and counted twice.
  const rows = db
    .query(
      `WITH found AS MATERIALIZED (${found})
       SELECT facet_no, NULL, count(*), sum(size_bytes) FROM found GROUP BY facet_no
       UNION ALL SELECT NULL, run_id, count(*), 0 FROM found GROUP BY run_id`,
    )
    .values(...values) as CountRow[];
  const facets = new Map(
    (db.query(`SELECT facet_no, ${commonFacets.join(", ")} FROM artifact_facets`).values() as FacetRow[]).map(
      ([no, ...facet]) => [no, Object.fromEntries(commonFacets.map((name, index) => [name, facet[index] ?? null]))],
    ),
  );
  const groups: FacetGroup[] = [];
  const runs: FacetGroup[] = [];
  for (const [no, runId, artifacts, bytes] of rows) {
    if (no === null) runs.push({ count: artifacts, bytes, values: { run_id: runId } });
    else groups.push({ count: artifacts, bytes, values: facets.get(no) ?? {} });
  }
  return countFacets(groups, runs);
}

function count(db: Database, { terms, values }: Conditions): number {
  const row = db.query(`SELECT count(*) FROM artifact_catalogue c ${where(terms)}`).values(...values)[0];
  return (row?.[0] as number | undefined) ?? 0;
}

function where(terms: string[]): string {
  return terms.length > 0 ? `WHERE ${terms.join(" AND ")}` : "";
}

/** SQL terms, and the values of their question marks. */
interface Conditions {
  terms: string[];
  values: Bound[];
}

class Terms implements Conditions {
  readonly terms: string[] = [];
  readonly values: Bound[] = [];

  add(term: string, ...bound: Bound[]): void {
    this.terms.push(term);
    this.values.push(...bound);
  }

  equal(column: string, value: string | undefined): void {
    if (value !== undefined) this.add(`${column} = ?`, value);
  }
}

function conditions(filter: ArtifactFilter): Conditions {
  const own = new Terms();
  own.equal("c.run_id", filter.runId);
  own.equal("c.runtime_id", filter.runtimeId);
  own.equal("c.blob_id", filter.blobId);
  if (filter.artifactId !== undefined) {
    own.add("c.artifact_no = (SELECT artifact_no FROM artifacts WHERE artifact_id = ?)", filter.artifactId);
  }
  if (filter.session) {
    own.add("(c.session_id = ? OR c.run_id = ?)", filter.session.sessionId, filter.session.memoryRunId);
  }
  if (filter.createdAfter !== undefined) own.add("c.created_at >= ?", filter.createdAfter);
  if (filter.createdBefore !== undefined) own.add("c.created_at <= ?", filter.createdBefore);
  const facets = facetConditions(filter);
  if (facets.terms.length > 0) {
    const wanted = `SELECT f.facet_no FROM artifact_facets f ${where(facets.terms)}`;
    own.add(`c.facet_no IN (${wanted})`, ...facets.values);
  }
  const words = wordConditions(filter);
  if (words.terms.length > 0) {
    const wanted = `SELECT w.artifact_no FROM artifact_words w ${where(words.terms)}`;
    own.add(`c.artifact_no IN (${wanted})`, ...words.values);
  }
  return own;
}

function facetConditions(filter: ArtifactFilter): Conditions {
  const facets = new Terms();
  facets.equal("f.modality", filter.modality);
  facets.equal("f.semantic_kind", filter.semanticKind);
  facets.equal("f.render_kind", filter.renderKind);
  facets.equal("f.workflow_id", filter.workflowId);
  facets.equal("f.node_id", filter.nodeId);
  if (filter.kinds) {
    const kinds = JSON.stringify(filter.kinds);
    const oneOf = (column: string) => `${column} IN (SELECT value FROM json_each(?))`;
    facets.add(`(${["f.semantic_kind", "f.render_kind", "f.modality"].map(oneOf).join(" OR ")})`, kinds, kinds, kinds);
  }
  const { contentType } = filter;
  if (contentType?.endsWith("/*")) {
    // A family is a range of text: `image/` up to, and without, `image0`.
    const family = contentType.slice(0, -1);
    facets.add("f.content_type >= ? AND f.content_type < ?", family, `${family.slice(0, -1)}0`);
  } else facets.equal("f.content_type", contentType);
  return facets;
}

/** Tags are looked for among the words first: only where they are is the row itself read. */
function wordConditions(filter: ArtifactFilter): Conditions {
  const words = new Terms();
  if (filter.text !== undefined) words.add("instr(w.words, ?) > 0", filter.text.toLowerCase());
  for (const [name, value] of Object.entries(filter.tags ?? {})) {
    const [word = ""] = tagWords({ [name]: value });
    words.add("instr(w.words, ?) > 0", word.toLowerCase());
    const tags = "SELECT 1 FROM artifacts t, json_each(t.tags) e WHERE t.artifact_no = w.artifact_no";
    words.add(`EXISTS (${tags} AND e.key = ? AND e.value = ?)`, name, value);
  }
  return words;
}

interface Joined extends StoredArtifact {
  total: number | null;
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
  const { total: _, workflow_id, session_id, parent_run_id, actor_id, ...rest } = joined;
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
