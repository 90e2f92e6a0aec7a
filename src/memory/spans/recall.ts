import { pyStr } from "#core/python.ts";
import type { JsonObject } from "#core/value.ts";
import { isObject } from "#core/value.ts";
import { type Span, textIn } from "#memory/spans/span.ts";

/** What is asked of spans (contract flow-runtime 4.9). */
export interface SpanFilter {
  /** Part of a text, whatever its case. */
  query: string | null;
  since: string | null;
  until: string | null;
  tags: Record<string, string[]>;
  anyTag: boolean;
  authors: string[];
  locations: string[];
}

/** Whether a span fits, its messages not looked at. `summary` is what is known of its content. */
export function fits(span: Span, filter: SpanFilter, summary: string): boolean {
  return (
    isWithin(span, filter) &&
    isTagged(span, filter) &&
    isBy(span, filter) &&
    isAt(span, filter) &&
    says(span, filter, summary)
  );
}

/** The filter but for its query. */
export function fitsApart(span: Span, filter: SpanFilter): boolean {
  return fits(span, { ...filter, query: null }, "");
}

function isWithin({ from_timestamp: from, to_timestamp: to }: Span, { since, until }: SpanFilter): boolean {
  if (since === null && until === null) return true;
  if (from === null || to === null) return false;
  return (since === null || to >= since) && (until === null || from <= until);
}

function isTagged({ tags }: Span, { tags: wanted, anyTag }: SpanFilter): boolean {
  const entries = Object.entries(wanted);
  if (entries.length === 0) return true;
  const own = new Map(Object.entries(tags).map(([name, value]) => [name.toLowerCase(), value.toLowerCase()]));
  const has = ([name, values]: [string, string[]]) => {
    const value = own.get(name.toLowerCase());
    return value !== undefined && values.some((each) => each.toLowerCase() === value);
  };
  return anyTag ? entries.some(has) : entries.every(has);
}

function isBy({ created_by }: Span, { authors }: SpanFilter): boolean {
  return (
    authors.length === 0 ||
    (created_by !== null && authors.some((each) => each.toLowerCase() === created_by.toLowerCase()))
  );
}

function isAt({ location, tags }: Span, { locations }: SpanFilter): boolean {
  if (locations.length === 0) return true;
  const own = [location, tags["location"] ?? null].map((each) => each?.toLowerCase());
  return locations.some((each) => own.includes(each.toLowerCase()));
}

function says(span: Span, { query }: SpanFilter, summary: string): boolean {
  if (query === null) return true;
  const { kind, created_at, from_timestamp, to_timestamp, tags, more } = span;
  const parts = [
    summary,
    kind,
    textIn(more, "focus"),
    created_at,
    from_timestamp,
    to_timestamp,
    ...Object.values(tags),
  ];
  return parts.some((part) => part?.toLowerCase().includes(query.toLowerCase()));
}

/** What is known of a span without its messages: the summary or the note. */
export function summaryOf(span: Span, content: JsonObject | null): string {
  const note = content === null ? null : textIn(content, "note");
  return note ?? textIn(span.more, "summary") ?? textIn(span.more, "note_preview") ?? "";
}

/** Neighbours in time, and spans that share a topic or person, over so many hops. */
export function connectedTo(found: Span[], all: Span[], { hops, by }: { hops: number; by: string[] }): Span[] {
  const reached = new Set(found.map(({ artifact_id }) => artifact_id));
  let edge = found;
  for (let hop = 0; hop < hops; hop++) {
    const next = all.filter(
      (span) => !reached.has(span.artifact_id) && edge.some((each) => isConnected(each, span, all, by)),
    );
    for (const span of next) reached.add(span.artifact_id);
    edge = next;
  }
  return all.filter(({ artifact_id }) => reached.has(artifact_id));
}

function isConnected(a: Span, b: Span, all: Span[], by: string[]): boolean {
  if (by.some((name) => a.tags[name] !== undefined && a.tags[name]?.toLowerCase() === b.tags[name]?.toLowerCase()))
    return true;
  return Math.abs(all.indexOf(a) - all.indexOf(b)) === 1;
}

/** Messages of an archived conversation. */
export function messagesOf(content: JsonObject | null): JsonObject[] {
  const messages = content?.["messages"];
  return Array.isArray(messages) ? messages.filter(isObject) : [];
}

/** Spans as a person or a model reads them. */
export function renderSpans(spans: { span: Span; content: JsonObject | null }[], maxMessages: number): string {
  if (spans.length === 0) return "No matching memory spans.";
  let left = maxMessages < 0 ? Number.POSITIVE_INFINITY : maxMessages;
  const parts = spans.map(({ span, content }, index) => {
    const lines = [
      `[${index + 1}] span_id=${span.artifact_id} kind=${span.kind} msgs=${span.message_count} created_at=${span.created_at}`,
    ];
    if (span.from_timestamp !== null)
      lines.push(`    time_range: ${span.from_timestamp} .. ${span.to_timestamp ?? ""}`);
    if (span.created_by !== null) lines.push(`    created_by: ${span.created_by}`);
    if (span.location !== null) lines.push(`    location: ${span.location}`);
    const tags = Object.entries(span.tags);
    if (tags.length > 0) lines.push(`    tags: ${tags.map(([name, value]) => `${name}=${value}`).join(", ")}`);
    const summary = summaryOf(span, content);
    if (span.kind === "memory_note") lines.push(`    note: ${summary}`);
    else if (summary) lines.push(`    summary: ${summary}`);
    for (const { role, content: said } of messagesOf(content)) {
      if (left <= 0) break;
      left--;
      lines.push(`    ${pyStr(role ?? "user")}: ${pyStr(said ?? "")}`);
    }
    return lines.join("\n");
  });
  return [`Recalled memory spans (${spans.length}):`, ...parts].join("\n");
}
