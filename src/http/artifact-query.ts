import { sessionMemoryRunId } from "#artifacts/session-run.ts";
import { AppError } from "#core/errors.ts";
import type { ArtifactSearchQuery, ArtifactStatsQuery } from "#http/schemas/artifacts.ts";
import { shownText } from "#http/validation.ts";
import { modalities } from "#ledger/artifact-kinds.ts";
import { type ArtifactFilter, type ArtifactQuery, artifactOrders } from "#ledger/ledger.ts";

export const defaultPageSize = 500;
/** What "all" means. */
const unlimited = 100_000;

/** Filters of a search. AppError `invalid_request` for a word that is none of the known ones, or a scope without its id. */
export function artifactFilter(query: ArtifactStatsQuery & { artifact_kind?: string }): ArtifactFilter {
  const scope = query.scope || "all";
  if (!["all", "session", "run"].includes(scope)) throw unknownWord("scope", scope, ["all", "session", "run"]);
  if (scope === "session" && !query.session_id) throw missing("session", "session_id");
  if (scope === "run" && !query.run_id) throw missing("run", "run_id");
  const modality = query.modality?.toLowerCase();
  if (modality && !modalities.some((each) => each === modality)) throw unknownWord("modality", modality, modalities);
  const kinds = query.artifact_kind
    ?.split(",")
    .map((kind) => kind.trim())
    .filter(Boolean);
  const { session_id: sessionId } = query;
  return {
    ...(query.run_id ? { runId: query.run_id } : {}),
    ...(sessionId ? { session: { sessionId, memoryRunId: sessionMemoryRunId(sessionId) } } : {}),
    ...(modality ? { modality } : {}),
    ...(kinds?.length ? { kinds } : {}),
    ...(query.semantic_kind ? { semanticKind: query.semantic_kind } : {}),
    ...(query.render_kind ? { renderKind: query.render_kind } : {}),
    ...(query.workflow_id ? { workflowId: query.workflow_id } : {}),
    ...(query.node_id ? { nodeId: query.node_id } : {}),
    ...(query.content_type ? { contentType: query.content_type.toLowerCase() } : {}),
    ...(query.query ? { text: query.query } : {}),
    ...(query.tags ? { tags: readTags(query.tags) } : {}),
    ...(query.created_after ? { createdAfter: query.created_after } : {}),
    ...(query.created_before ? { createdBefore: query.created_before } : {}),
  };
}

/** Order and page of a search. `debug_unlimited` counts only for administrators, which the caller checks. */
export function artifactPage(query: ArtifactSearchQuery): Omit<ArtifactQuery, "filter"> {
  const word = query.order_by || "created_at";
  const orderBy = artifactOrders.find((order) => order === word);
  if (!orderBy) throw unknownWord("order_by", word, artifactOrders);
  const direction = query.order?.toLowerCase() || "desc";
  if (direction !== "asc" && direction !== "desc") throw unknownWord("order", direction, ["asc", "desc"]);
  const place = { orderBy, descending: direction === "desc", limit: pageSize(query), offset: query.offset ?? 0 };
  return query.cursor ? { ...place, ...afterCursor(query.cursor) } : place;
}

export function pageSize({ limit = 0, debug_unlimited }: Pick<ArtifactSearchQuery, "limit" | "debug_unlimited">) {
  if (limit > 0) return limit;
  return debug_unlimited ? unlimited : defaultPageSize;
}

/** Orders other than by creation go on by number. */
function afterCursor(cursor: string): Partial<ArtifactQuery> {
  const offset = /^offset:(\d{1,9})$/.exec(cursor)?.[1];
  if (offset !== undefined) return { offset: Number(offset) };
  const [createdAt = "", artifactId = "", ...rest] = cursor.split("|");
  if (createdAt === "" || artifactId === "" || rest.length > 0) {
    throw new AppError("invalid_request", `cursor '${shownText(cursor)}' is none that a search has answered`);
  }
  return { after: { createdAt, artifactId } };
}

function readTags(text: string): Record<string, string> {
  if (text.trim().startsWith("{")) return jsonTags(text);
  const pairs = text.split(",").map((pair): [string, string] => {
    const at = pair.indexOf("=");
    if (at < 1) throw new AppError("invalid_request", `tags: '${shownText(pair)}' is not name=value`);
    return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
  });
  return Object.fromEntries(pairs);
}

function jsonTags(text: string): Record<string, string> {
  try {
    const value = JSON.parse(text) as Record<string, unknown>;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, String(each)]));
  } catch {
    throw new AppError("invalid_request", "tags must be a JSON object or name=value,name=value");
  }
}

function unknownWord(name: string, word: string, allowed: readonly string[]): AppError {
  return new AppError("invalid_request", `${name} '${shownText(word)}' is not one of ${allowed.join(", ")}`);
}

function missing(scope: string, name: string): AppError {
  return new AppError("invalid_request", `scope '${scope}' needs ${name}`);
}
