import { describe, expect, test } from "bun:test";
import type { JsonObject } from "#core/value.ts";
import type { ArtifactRow } from "#ledger/ledger.ts";
import { Effort, budgets, readRecallLevel } from "#memory/graph/recall-level.ts";
import { readSummary, splitConversation, transcriptPieces } from "#memory/spans/compaction.ts";
import { type SpanFilter, connectedTo, fits, renderSpans } from "#memory/spans/recall.ts";
import { type Span, spanOf, spanRecord } from "#memory/spans/span.ts";
import { retagged } from "#memory/spans/span-store.ts";
import { at } from "./sample-assertions.ts";

function span(id: string, more: Partial<Span> = {}): Span {
  const row: ArtifactRow = {
    artifact_id: id,
    blob_id: "b",
    run_id: "r1",
    runtime_id: "default",
    content_type: "application/json",
    size_bytes: 1,
    created_at: at(1),
    tags: { kind: "memory_note", memory: "span", topic: "tea" },
    metadata: {},
  };
  return {
    artifact_id: id,
    kind: "memory_note",
    created_at: at(1),
    from_timestamp: at(1),
    to_timestamp: at(3),
    message_count: 0,
    created_by: "ada",
    location: "kitchen",
    tags: { topic: "tea" },
    more: { note_preview: "a note" },
    row,
    ...more,
  };
}

const anything: SpanFilter = {
  query: null,
  since: null,
  until: null,
  tags: {},
  anyTag: false,
  authors: [],
  locations: [],
};
const matches = (filter: Partial<SpanFilter>, of = span("s1")) =>
  fits(of, { ...anything, ...filter }, "The Kettle is blue");

describe("a span fits", () => {
  test.each<[string, Partial<SpanFilter>, boolean]>([
    ["without a wish", {}, true],
    ["by a part of its summary, whatever the case", { query: "kettle" }, true],
    ["by a tag's value", { query: "TEA" }, true],
    ["not by what it does not say", { query: "coffee" }, false],
    ["when its time overlaps the range", { since: at(3), until: at(9) }, true],
    ["not when it was over before", { since: at(4) }, false],
    ["not when it began afterwards", { until: at(0) }, false],
    ["by a tag, whatever its case", { tags: { Topic: ["TEA"] } }, true],
    ["not when one of all tags is missing", { tags: { topic: ["tea"], mood: ["calm"] } }, false],
    ["when one of any tags is there", { tags: { topic: ["tea"], mood: ["calm"] }, anyTag: true }, true],
    ["by who wrote it", { authors: ["Ada"] }, true],
    ["not by somebody else", { authors: ["bob"] }, false],
    ["by its place", { locations: ["KITCHEN"] }, true],
  ])("%s", (_name, filter, expected) => {
    expect(matches(filter)).toBe(expected);
  });

  test("a range of time leaves out spans that have no time", () => {
    expect(matches({ since: at(0) }, span("s1", { from_timestamp: null }))).toBe(false);
  });
});

test("connected spans are neighbours in time and those of the same topic, hop by hop", () => {
  const all = ["a", "b", "c", "d", "e"].map((id) =>
    span(id, { tags: id === "a" || id === "e" ? { topic: "tea" } : {} }),
  );
  const reach = (hops: number) =>
    connectedTo([all[0] as Span], all, { hops, by: ["topic"] }).map(({ artifact_id: id }) => id);
  expect(reach(1)).toEqual(["a", "b", "e"]);
  expect(reach(2)).toEqual(["a", "b", "c", "d", "e"]);
});

test("spans are told with their messages, up to a number of them", () => {
  const content: JsonObject = { messages: [1, 2, 3].map((number) => ({ role: "user", content: `said ${number}` })) };
  const told = renderSpans(
    [{ span: span("s1", { kind: "conversation_span", more: { summary: "of tea" } }), content }],
    2,
  );
  expect(told).toContain("[1] span_id=s1 kind=conversation_span");
  expect(told).toContain("summary: of tea");
  expect(told).toContain("user: said 2");
  expect(told).not.toContain("said 3");
  expect(renderSpans([], 5)).toBe("No matching memory spans.");
});

test("a span comes back out of its artifact, with the tags it was given later", () => {
  const changed = retagged(span("s1"), { topic: "coffee", mood: "calm" }, { tagged_by: "bob" });
  expect(changed.row.tags).toEqual({ topic: "coffee", mood: "calm", kind: "memory_note", memory: "span" });
  const again = spanOf(changed.row);
  expect(again).toMatchObject({
    tags: { topic: "coffee", mood: "calm" },
    more: { note_preview: "a note", tagged_by: "bob" },
  });
  expect(spanRecord(again as Span)).toMatchObject({ artifact_id: "s1", created_by: "ada", tags: { mood: "calm" } });
  expect(spanOf({ ...changed.row, tags: { kind: "attachment" } })).toBeNull();
});

describe("a conversation", () => {
  const said = (role: string, content: string) => ({ role, content });
  test("is split into what stays, what is archived and its recent end", () => {
    const messages = [
      said("system", "s"),
      said("user", "1"),
      said("assistant", "2"),
      said("system", "t"),
      said("user", "3"),
    ];
    const { system, older, recent } = splitConversation(messages, 1);
    expect([system, older, recent].map((part) => part.map(({ content }) => content))).toEqual([
      ["s", "t"],
      ["1", "2"],
      ["3"],
    ]);
    expect(splitConversation(messages, 9).older).toEqual([]);
  });

  test("is cut into pieces that a model can read, and a huge message is cut too", () => {
    const messages = [said("user", "x".repeat(300)), said("user", "y".repeat(300)), said("user", "z".repeat(5000))];
    const pieces = transcriptPieces(messages, 100);
    expect(pieces).toHaveLength(3);
    for (const piece of pieces) expect(piece.length).toBeLessThanOrEqual(400);
    expect(transcriptPieces(messages, 10_000)).toHaveLength(1);
    expect(transcriptPieces([], 100)).toEqual([]);
  });

  test("is summarised by data or by words, and nothing is no summary", () => {
    expect(readSummary({ summary: " s ", key_points: ["a", 1], confidence: 0.5 }, "")).toEqual({
      summary: "s",
      keyPoints: ["a"],
      confidence: 0.5,
    });
    expect(readSummary(null, "in words")).toEqual({ summary: "in words", keyPoints: [], confidence: null });
    expect(readSummary(null, " ")).toBeNull();
  });
});

describe("a recall level", () => {
  test("gives its presets, clamps wishes and tells so", () => {
    const effort = new Effort("urgent");
    expect(effort.within("limit", null, budgets.urgent.assertions, 100)).toBe(20);
    expect(effort.within("limit", 99, budgets.urgent.assertions, 100)).toBe(40);
    expect(effort.within("min_score", 0.1, budgets.urgent.minScore, 0)).toBe(0.5);
    expect(effort.warnings).toEqual([
      "recall_level=urgent clamped limit from 99 to 40",
      "recall_level=urgent clamped min_score from 0.1 to 0.5",
    ]);
    expect(effort.toJson()).toEqual({ recall_level: "urgent", applied: { limit: 40, min_score: 0.5 } });
  });

  test("that is none leaves wishes as they are; another word is refused", () => {
    expect(new Effort(readRecallLevel("")).within("limit", 7, undefined, 100)).toBe(7);
    expect(readRecallLevel(" Deep ")).toBe("deep");
    expect(() => readRecallLevel("sloppy")).toThrow("recall_level");
  });
});
