import { type JsonObject, isObject } from "#core/value.ts";
import type { NodeResult } from "#engine/nodes/definition.ts";

/** A tool of an agent that is an effect on memory (contract flow-runtime 4.5). */
interface MemoryTool {
  effect: string;
  spec: JsonObject;
}

const scopes = "run (this task), session (this conversation), global (everything)";
const recallScope = { type: "string", description: `Where to look: ${scopes}, or all.`, default: "all" };
const keepScope = { type: "string", description: `Who finds it later: ${scopes}.`, default: "run" };
const tagsParameter = { type: "object", description: "Tags: a text by name, such as topic or person." };
const level = { type: "string", description: "How much to look through: urgent, standard or deep.", default: null };

const memoryTools: MemoryTool[] = [
  {
    effect: "memory_query",
    spec: specOf("recall_memory", "Finds what was noted or archived earlier: notes and older parts of conversations.", {
      query: { type: "string", description: "A word or a part of a text that it has; any case.", default: null },
      span_id: { type: "string", description: "Id of one span, to read it whole.", default: null },
      tags: { ...tagsParameter, default: null },
      since: { type: "string", description: "Earliest time, ISO 8601.", default: null },
      until: { type: "string", description: "Latest time, ISO 8601.", default: null },
      scope: recallScope,
      limit_spans: { type: "integer", description: "Most spans to answer.", default: 5 },
      recall_level: level,
    }),
  },
  {
    effect: "memory_note",
    spec: specOf("remember_note", "Keeps a note that can be recalled later, by you or by others after you.", {
      note: { type: "string", description: "The note, complete in itself." },
      tags: { ...tagsParameter, default: null },
      location: { type: "string", description: "Where it was, if that matters.", default: null },
      scope: keepScope,
    }),
  },
  {
    effect: "memory_tag",
    spec: specOf("remember", "Puts tags on a span of memory, so that it is found by them.", {
      span_id: { type: "string", description: "Id of the span, as recall_memory told it." },
      tags: tagsParameter,
      scope: recallScope,
    }),
  },
  {
    effect: "vars_query",
    spec: specOf("inspect_vars", "Looks into the variables of this run.", {
      path: { type: "string", description: "Such as scratchpad.cycles.0 or /context/task.", default: "scratchpad" },
      keys_only: { type: "boolean", description: "Only the names of what is there.", default: false },
    }),
  },
  {
    effect: "memory_compact",
    spec: specOf("compact_memory", "Archives the older part of this conversation and puts a summary in its place.", {
      preserve_recent: { type: "integer", description: "Messages at the end that stay as they are.", default: 6 },
      compression_mode: { type: "string", description: "light, standard or heavy.", default: "standard" },
      focus: { type: "string", description: "What the summary must keep above all.", default: null },
    }),
  },
];

const byName = new Map(memoryTools.map((tool) => [tool.spec["name"], tool]));

/** Catalogue entries of the memory tools, as those of other tools. */
export const memoryToolSpecs: JsonObject[] = memoryTools.map(({ spec }) => spec);

export function isMemoryCall(call: JsonObject): boolean {
  return call["error"] === undefined && byName.has(call["name"] ?? "");
}

/** The effect of a call. Arguments that the tool does not have are left out: they could name another run. */
export function remember(call: JsonObject): NodeResult {
  const tool = byName.get(call["name"] ?? "");
  if (!tool) throw new Error(`${JSON.stringify(call["name"])} is no tool of memory`);
  const given = isObject(call["arguments"]) ? call["arguments"] : {};
  const parameters = tool.spec["parameters"] as Record<string, JsonObject>;
  const payload: JsonObject = { tool_name: call["name"] ?? "", call_id: call["call_id"] ?? "" };
  for (const [name, { default: preset }] of Object.entries(parameters)) {
    const value = given[name] ?? preset;
    if (value !== undefined && value !== null) payload[name] = value;
  }
  return { kind: "effect", type: tool.effect, payload };
}

function specOf(name: string, description: string, parameters: Record<string, JsonObject>): JsonObject {
  const required = Object.keys(parameters).filter((each) => parameters[each]?.["default"] === undefined);
  return { name, description, parameters, required_args: required, toolset: "memory" };
}
