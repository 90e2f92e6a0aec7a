import { readMoment } from "#core/assertion.ts";
import { AppError } from "#core/errors.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import type { EffectContext, EffectHandler, Effected } from "#effects/effect-handler.ts";
import { numberAt, textAt } from "#effects/memory/graph-payload.ts";
import {
  type SpanMemory,
  spanEffect,
  spanOwners,
  textsAt,
  toolAnswer,
  wantedTags,
} from "#effects/memory/span-payload.ts";
import { Effort, readRecallLevel } from "#memory/graph/recall-level.ts";
import type { QueryScope } from "#memory/graph/owners.ts";
import {
  type SpanFilter,
  connectedTo,
  fits,
  fitsApart,
  messagesOf,
  renderSpans,
  summaryOf,
} from "#memory/spans/recall.ts";
import { type Span, spanRecord } from "#memory/spans/span.ts";

/** Finds spans, and tells them to people and models (contract flow-runtime 4.9). */
export function memoryQueryHandler(memory: SpanMemory): EffectHandler {
  return spanEffect("memory_query", (payload, context) => recall(memory, payload, context));
}

interface Asked {
  payload: JsonObject;
  effort: Effort;
  filter: SpanFilter;
}

type Contents = Map<string, JsonObject | null>;

async function recall(memory: SpanMemory, payload: JsonObject, context: EffectContext): Promise<Effected> {
  const effort = new Effort(readRecallLevel(payload["recall_level"]));
  const { scope, owners } = await spanOwners(payload, context, memory);
  const all = await memory.spans.list(context.run.runtime_id, owners);
  const contents: Contents = new Map();
  const read = async (span: Span) => {
    if (!contents.has(span.artifact_id)) contents.set(span.artifact_id, await memory.spans.read(span));
    return contents.get(span.artifact_id) ?? null;
  };
  const asked: Asked = { payload, effort, filter: filterOf(payload) };
  const ids = textsAt(payload, "span_ids", "span_id");
  const found = ids.length > 0 ? named(ids, all, scope) : await matching(all, asked, read);
  const maxMessages = effort.within(
    "max_messages",
    numberAt(payload, "max_messages"),
    effort.budget?.queryMessages,
    -1,
  );
  const told = await Promise.all(found.map(async (span) => ({ span, content: await read(span) })));
  return { outcome: answer(told, { asked, maxMessages }) };
}

function filterOf(payload: JsonObject): SpanFilter {
  return {
    query: textAt(payload, "query"),
    since: readMoment(payload["since"], "since"),
    until: readMoment(payload["until"], "until"),
    tags: wantedTags(payload["tags"]),
    anyTag: textAt(payload, "tags_mode")?.toLowerCase() === "any",
    authors: textsAt(payload, "authors", "usernames", "users"),
    locations: textsAt(payload, "locations"),
  };
}

/** By id, or by their number in the newest-first list. */
function named(ids: string[], all: Span[], scope: QueryScope): Span[] {
  return ids.map((id) => {
    const exact = all.find(({ artifact_id }) => artifact_id === id);
    if (exact) return exact;
    if (/^\d{1,6}$/.test(id) && scope === "all")
      throw new AppError("invalid_request", "Numbers of spans need one scope, not 'all'");
    const numbered = /^\d{1,6}$/.test(id) ? all[Number(id) - 1] : undefined;
    if (!numbered) throw new AppError("not_found", `Span '${id.slice(0, 100)}' not found`);
    return numbered;
  });
}

async function matching(all: Span[], asked: Asked, read: (span: Span) => Promise<JsonObject | null>): Promise<Span[]> {
  const { payload, effort, filter } = asked;
  const { budget } = effort;
  const limit = effort.within(
    "limit_spans",
    numberAt(payload, "limit_spans") ?? numberAt(payload, "limit"),
    budget?.spans,
    5,
  );
  const deep = isDeep(asked);
  const scan = {
    spans: budget?.deepScan?.spans ?? numberAt(payload, "deep_limit_spans") ?? 50,
    messages: budget?.deepScan?.messages ?? numberAt(payload, "deep_limit_messages_per_span") ?? 400,
  };
  const found: Span[] = [];
  let scanned = 0;
  for (const span of all) {
    if (found.length >= limit) break;
    if (!fitsApart(span, filter)) continue;
    const content = filter.query === null ? null : await read(span);
    if (fits(span, filter, summaryOf(span, content))) found.push(span);
    else if (deep && filter.query !== null && scanned < scan.spans) {
      scanned++;
      if (saysDeep(content, filter.query, scan.messages)) found.push(span);
    }
  }
  const hops = payload["connected"] === true ? (budget?.connectedHops ?? numberAt(payload, "neighbor_hops") ?? 1) : 0;
  if (hops === 0) return found;
  const by = textsAt(payload, "connect_by");
  return connectedTo(found, all, { hops, by: by.length > 0 ? by : ["topic", "person"] }).slice(0, limit);
}

function isDeep({ payload, effort, filter }: Asked): boolean {
  const wish = payload["deep"];
  const wanted = typeof wish === "boolean" ? wish : filter.query !== null;
  if (wanted && effort.budget && !effort.budget.deepScan) {
    if (wish === true) effort.warnings.push(`recall_level=${effort.level} looks through no archived messages`);
    return false;
  }
  return wanted;
}

function saysDeep(content: JsonObject | null, query: string, maxMessages: number): boolean {
  const wanted = query.toLowerCase();
  return messagesOf(content)
    .slice(0, maxMessages)
    .some(({ content: said }) => typeof said === "string" && said.toLowerCase().includes(wanted));
}

function answer(
  told: { span: Span; content: JsonObject | null }[],
  { asked: { payload, effort }, maxMessages }: { asked: Asked; maxMessages: number },
): Effected["outcome"] {
  const form = textAt(payload, "return") ?? "rendered";
  const meta: JsonObject = {
    matches: told.map(({ span }): Value => {
      const record = spanRecord(span);
      return { span_id: span.artifact_id, ...record, ...(isObject(record["tags"]) ? {} : { tags: {} }) };
    }),
    span_ids: told.map(({ span }) => span.artifact_id),
  };
  const shown = effort.toJson();
  if (shown) meta["effort"] = shown;
  if (effort.warnings.length > 0) meta["warnings"] = effort.warnings;
  const output = form === "meta" ? "" : renderSpans(told, maxMessages);
  return toolAnswer("recall_memory", payload, { output, ...(form === "rendered" ? {} : { meta }) });
}
