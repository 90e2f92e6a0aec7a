import { AppError } from "#core/errors.ts";
import { artifactItem } from "#http/artifact-json.ts";
import { artifactFilter, artifactPage, defaultPageSize } from "#http/artifact-query.ts";
import type { ArtifactSearchQuery, ArtifactStatsQuery } from "#http/schemas/artifacts.ts";
import type { Services } from "#http/services.ts";
import type { ArtifactFilter, ArtifactQuery, FoundArtifact } from "#ledger/ledger.ts";
import type { ScopedLedger } from "#ledger/scoped-ledger.ts";

/** A page of artifacts in the shape that lists have. */
export async function artifactList(ledger: ScopedLedger, query: ArtifactQuery, cursor: string | null = null) {
  // One more than the page shows whether another one follows.
  const { items, total } = await ledger.searchArtifacts({ ...query, limit: query.limit + 1 });
  const shown = items.slice(0, query.limit);
  const hasMore = items.length > query.limit;
  return {
    items: shown.map(artifactItem),
    total,
    offset: query.offset,
    limit: query.limit,
    has_more: hasMore,
    cursor,
    next_cursor: hasMore ? nextCursor(query, shown) : null,
    facets: {},
    stats: {},
    warnings: [] as string[],
  };
}

function nextCursor({ orderBy, offset, limit }: ArtifactQuery, shown: FoundArtifact[]): string {
  const last = shown.at(-1)?.row;
  return orderBy === "created_at" && last ? `${last.created_at}|${last.artifact_id}` : `offset:${offset + limit}`;
}

export async function searchArtifacts({ ledger }: Services, query: ArtifactSearchQuery) {
  const filter = artifactFilter(query);
  const list = await artifactList(ledger, { filter, ...artifactPage(query) }, query.cursor ?? null);
  const asked = {
    scope: query.scope || "all",
    query: query.query ?? null,
    modality: query.modality ?? null,
    artifact_kind: query.artifact_kind ?? null,
    semantic_kind: query.semantic_kind ?? null,
    render_kind: query.render_kind ?? null,
    content_type: query.content_type ?? null,
    order_by: query.order_by || "created_at",
    order: query.order || "desc",
    tags: filter.tags ?? {},
  };
  if (!query.include_stats) return { ...list, ...asked };
  const { total, total_bytes, facets } = await ledger.artifactStats(filter);
  const stats = {
    total,
    total_bytes,
    byte_total: total_bytes,
    facets,
    filters: namedFilters(query),
    warnings: [],
    exact: true,
    source: "runtime_catalog",
  };
  return { ...list, ...asked, facets, stats };
}

const filterNames = [
  ..."session_id run_id modality semantic_kind render_kind workflow_id node_id content_type query tags".split(" "),
  ..."created_after created_before".split(" "),
];

export async function artifactStats({ ledger }: Services, query: ArtifactStatsQuery) {
  const stats = await ledger.artifactStats(artifactFilter(query));
  return {
    ok: true,
    scope: query.scope || "all",
    ...stats,
    filters: namedFilters(query),
    supported_filters: ["scope", ...filterNames],
    default_page_size: defaultPageSize,
  };
}

function namedFilters(query: ArtifactStatsQuery): Record<string, unknown> {
  const given = query as Record<string, unknown>;
  return Object.fromEntries(filterNames.flatMap((name) => (given[name] ? [[name, given[name]]] : [])));
}

/** One artifact with its counters. */
export async function foundArtifact(ledger: ScopedLedger, artifactId: string): Promise<FoundArtifact> {
  const filter: ArtifactFilter = { artifactId };
  const page = { orderBy: "created_at", descending: true, limit: 1, offset: 0 } as const;
  const found = (await ledger.searchArtifacts({ filter, ...page })).items[0];
  if (!found) throw new AppError("not_found", `Artifact '${artifactId}' not found`);
  return found;
}
