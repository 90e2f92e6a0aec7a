import { type FacetGroup, countFacets } from "#ledger/artifact-facets.ts";
import { artifactWords } from "#ledger/artifact-kinds.ts";
import type { NotedArtifact } from "#ledger/file/artifact-table.ts";
import type { Store } from "#ledger/file/store.ts";
import type {
  ArtifactFilter,
  ArtifactOrder,
  ArtifactPage,
  ArtifactQuery,
  ArtifactStats,
  FoundArtifact,
} from "#ledger/ledger.ts";

/** An artifact that fits, with what only its run or its readers know. */
interface Fitting {
  id: string;
  noted: NotedArtifact;
  workflowId: string | null;
}

export function searchArtifacts(store: Store, query: ArtifactQuery): ArtifactPage {
  const fitting = fittingOnes(store, query.filter);
  const total = fitting.length;
  const valueOf = orderValue(store, query.orderBy);
  const sign = query.descending ? -1 : 1;
  const order = (a: Fitting, b: Fitting) =>
    sign * (compare(valueOf(a), valueOf(b)) || compare(a.noted.createdAt, b.noted.createdAt) || compare(a.id, b.id));
  const { after } = query;
  const rest =
    after && query.orderBy === "created_at"
      ? fitting.filter(
          ({ id, noted }) => sign * (compare(noted.createdAt, after.createdAt) || compare(id, after.artifactId)) > 0,
        )
      : fitting;
  const page = rest.sort(order).slice(query.offset, query.offset + query.limit);
  return { items: page.flatMap(({ id }) => found(store, id) ?? []), total };
}

export function artifactStats(store: Store, filter: ArtifactFilter): ArtifactStats {
  return countFacets(
    fittingOnes(store, filter).map(({ noted, workflowId }): FacetGroup => {
      const { semantic_kind, render_kind, modality } = noted.kinds;
      const place = { workflow_id: workflowId, node_id: noted.nodeId, run_id: noted.runId };
      const values = { semantic_kind, render_kind, modality, content_type: noted.contentType, ...place };
      return { count: 1, bytes: noted.bytes, values };
    }),
  );
}

function fittingOnes(store: Store, filter: ArtifactFilter): Fitting[] {
  const fitting: Fitting[] = [];
  for (const [id, noted] of store.artifacts.noted()) {
    if (!fits(id, noted, filter)) continue;
    const workflowId = noted.runId === null ? null : (store.runs.get(noted.runId)?.workflowId ?? null);
    if (filter.workflowId !== undefined && filter.workflowId !== workflowId) continue;
    if (fitsRow(store, id, filter)) fitting.push({ id, noted, workflowId });
  }
  return fitting;
}

function fits(id: string, noted: NotedArtifact, filter: ArtifactFilter): boolean {
  const { kinds, sessionId, runId } = noted;
  const equal: [string | undefined, string | null][] = [
    [filter.artifactId, id],
    [filter.runId, runId],
    [filter.runtimeId, noted.runtimeId],
    [filter.blobId, noted.blobId],
    [filter.modality, kinds.modality],
    [filter.semanticKind, kinds.semantic_kind],
    [filter.renderKind, kinds.render_kind],
    [filter.nodeId, noted.nodeId],
  ];
  if (equal.some(([wanted, value]) => wanted !== undefined && wanted !== value)) return false;
  const { session, contentType, createdAfter, createdBefore } = filter;
  if (session && sessionId !== session.sessionId && runId !== session.memoryRunId) return false;
  const words: string[] = [kinds.semantic_kind, kinds.render_kind, kinds.modality];
  if (filter.kinds && !filter.kinds.some((kind) => words.includes(kind))) return false;
  if (contentType !== undefined && !isType(noted.contentType, contentType)) return false;
  if (createdAfter !== undefined && noted.createdAt < createdAfter) return false;
  return createdBefore === undefined || noted.createdAt <= createdBefore;
}

function isType(type: string, wanted: string): boolean {
  return wanted.endsWith("/*") ? type.startsWith(wanted.slice(0, -1)) : type === wanted;
}

/** What only the row itself tells: read from its file. */
function fitsRow(store: Store, id: string, { text, tags }: ArtifactFilter): boolean {
  if (text === undefined && tags === undefined) return true;
  const row = store.artifacts.row(id);
  if (!row) return false;
  if (text !== undefined && !artifactWords(row).includes(text.toLowerCase())) return false;
  return Object.entries(tags ?? {}).every(([name, value]) => row.tags[name] === value);
}

function orderValue(store: Store, order: ArtifactOrder): (of: Fitting) => string | number | null {
  const values: Record<ArtifactOrder, (of: Fitting) => string | number | null> = {
    created_at: ({ noted }) => noted.createdAt,
    size_bytes: ({ noted }) => noted.bytes,
    last_accessed_at: ({ id }) => store.artifactAccess.of(id).last_accessed_at,
    semantic_kind: ({ noted }) => noted.kinds.semantic_kind,
    render_kind: ({ noted }) => noted.kinds.render_kind,
    workflow: ({ workflowId }) => workflowId,
    run: ({ noted }) => noted.runId,
    turn: ({ noted }) => noted.turnId,
  };
  return values[order];
}

/** Nothing comes before everything, as in SQL. */
function compare(a: string | number | null, b: string | number | null): number {
  if (a === b) return 0;
  if (a === null || b === null) return a === null ? -1 : 1;
  return a < b ? -1 : 1;
}

function found(store: Store, id: string): FoundArtifact | null {
  const row = store.artifacts.row(id);
  if (!row) return null;
  const run = row.run_id === null ? null : store.runs.get(row.run_id);
  const whole = run && store.files.whole(run);
  const origin = whole && {
    workflow_id: whole.workflow_id,
    session_id: whole.session_id,
    parent_run_id: whole.parent_run_id,
    actor_id: whole.actor_id,
  };
  return { row, origin, access: store.artifactAccess.of(id) };
}
