import { type JsonObject, type Value, isObject } from "#core/value.ts";
import type { NodeDefinition } from "#engine/nodes/definition.ts";
import { type FieldEffect, fieldNode, listOf } from "#engine/nodes/effect-fields.ts";

/** Span and graph memory (contract flow-runtime 4.9 and 6.4). */
const effects: FieldEffect[] = [
  {
    effect: "memory_note",
    fields: [{ name: "note", from: ["content", "note"] }, "tags", "sources", "location", "scope", "keep_in_context"],
    outputs: (result) => ({ note_id: metaOf(result)["span_id"] ?? null }),
  },
  {
    effect: "memory_query",
    fields: [
      ..."query recall_level tags tags_mode usernames locations since until scope".split(" "),
      { name: "limit_spans", from: ["limit", "limit_spans"] },
    ],
    presets: { limit_spans: 10, return: "both" },
    outputs(result) {
      const meta = metaOf(result);
      return { results: listOf(meta["matches"]), rendered: renderedOf(result), span_ids: listOf(meta["span_ids"]) };
    },
  },
  {
    effect: "memory_tag",
    fields: ["span_id", "scope", "tags", "merge"],
    outputs: (result) => ({
      rendered: renderedOf(result),
      success: firstOf(result)["success"] === true,
      results: listOf(result["results"]),
    }),
  },
  {
    effect: "memory_compact",
    fields: ["preserve_recent", "compression_mode", "focus"],
    outputs: (result) => ({ span_id: metaOf(result)["span_id"] ?? null }),
  },
  {
    effect: "memory_rehydrate",
    fields: ["span_ids", "placement", "recall_level", "max_messages"],
    presets: { placement: "after_summary" },
    outputs: (result) => ({
      inserted: result["inserted"] ?? 0,
      skipped: result["skipped"] ?? 0,
      artifacts: listOf(result["artifacts"]),
    }),
  },
  {
    effect: "memory_kg_assert",
    fields: [
      { name: "assertions", from: ["assertions", "triples", "items"] },
      ..."scope span_id owner_id attributes_defaults allow_custom_predicates".split(" "),
    ],
    outputs: (result) => ({
      assertion_ids: listOf(result["assertion_ids"]),
      count: result["count"] ?? 0,
      ok: result["ok"] === true,
    }),
  },
  {
    effect: "memory_kg_query",
    fields: [
      ..."query_text subject predicate object since until active_at scope recall_level".split(" "),
      ..."owner_id min_score max_input_tokens model limit order".split(" "),
    ],
    outputs: (result) => ({
      items: listOf(result["items"]),
      count: result["count"] ?? 0,
      ok: result["ok"] === true,
      packets: listOf(result["packets"]),
      packed_count: result["packed_count"] ?? 0,
      active_memory_text: result["active_memory_text"] ?? "",
      estimated_tokens: result["estimated_tokens"] ?? 0,
      dropped: result["dropped"] ?? 0,
      warnings: listOf(result["warnings"]),
    }),
  },
  {
    effect: "memory_kg_resolve",
    fields: [
      ..."label expected_type scope recall_level max_candidates min_score include_semantic".split(" "),
      "owner_id",
    ],
    outputs: (result) => ({
      candidates: listOf(result["candidates"]),
      count: result["count"] ?? 0,
      ok: result["ok"] === true,
    }),
  },
];

function firstOf(result: JsonObject): JsonObject {
  const first = listOf(result["results"])[0];
  return isObject(first) ? first : {};
}

function metaOf(result: JsonObject): JsonObject {
  const meta = firstOf(result)["meta"];
  return isObject(meta) ? meta : {};
}

function renderedOf(result: JsonObject): Value {
  const output = firstOf(result)["output"];
  return typeof output === "string" ? output : "";
}

export const memoryNodes: [string, NodeDefinition][] = effects.map((each) => [each.effect, fieldNode(each)]);
