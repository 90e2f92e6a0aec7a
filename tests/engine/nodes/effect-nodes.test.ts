import { describe, expect, test } from "bun:test";
import type { Effect } from "#core/effect.ts";
import type { JsonObject, Value } from "#core/value.ts";
import { isKnownNode } from "#engine/nodes/support.ts";
import { exec, flow } from "#fixtures/bundles.ts";
import { type DriveOptions, drive } from "../driver.ts";

interface Shape {
  type: string;
  pins?: Record<string, unknown>;
  config?: Record<string, unknown>;
  outs?: string[];
  result?: Value;
  options?: DriveOptions;
}

/** One effect node between start and end: what it asks for, and what its pins say of the result. */
function visit({ type, pins = {}, config = {}, outs = [], result = {}, options = {} }: Shape) {
  const document = flow(
    "f",
    [
      exec("start", "on_flow_start", { out: ["_nothing:any"] }),
      exec("x", type, {
        in: Object.keys(pins).map((pin) => `${pin}:any`),
        out: outs.map((pin) => `${pin}:any`),
        defaults: pins,
        data: { effectConfig: config },
      }),
      exec("end", "on_flow_end", { in: outs.map((pin) => `${pin}:any`) }),
    ],
    ["start > x", "x > end", ...outs.map((pin) => `x.${pin} -> end.${pin}`)],
  );
  const answer = () => ({ status: "completed" as const, result });
  const types = ["llm_call", "tool_calls", "model_residency", ...memoryTypes];
  const driven = drive(document, {
    effects: Object.fromEntries(types.map((each) => [each, answer])),
    restore: true,
    ...options,
  });
  const { payload, ...effect } = (driven.effects[0] ?? { payload: {}, type: "" }) as Effect;
  const { resume_to_node: _next, type: _type, ...asked } = payload;
  return { effect, asked, output: driven.output as JsonObject, driven };
}

const memoryTypes = [
  ..."memory_note memory_query memory_tag memory_compact memory_rehydrate".split(" "),
  ..."memory_kg_assert memory_kg_query memory_kg_resolve".split(" "),
];

describe("tools", () => {
  const call = { name: "t", arguments: { a: 1 }, call_id: "c1" };
  test.each<[string, unknown, JsonObject[]]>([
    ["a list", [call], [call]],
    ["one call", call, [call]],
    ["JSON text", JSON.stringify([call]), [call]],
    ["nothing", null, []],
  ])("tool_calls takes %s", (_name, given, expected) => {
    expect(visit({ type: "tool_calls", pins: { tool_calls: given } }).asked).toEqual({ tool_calls: expected });
  });

  test("tool_calls sends an allowlist only where one is given, and an empty one allows nothing", () => {
    expect(visit({ type: "tool_calls", pins: { tool_calls: [], allowed_tools: [] } }).asked["allowed_tools"]).toEqual(
      [],
    );
    expect(visit({ type: "tool_calls", config: { allowed_tools: ["a", "a "] } }).asked["allowed_tools"]).toEqual(["a"]);
    expect(visit({ type: "tool_calls" }).asked["allowed_tools"]).toBeUndefined();
  });

  test("tool_calls that are not JSON fail at their node", () => {
    expect(visit({ type: "tool_calls", pins: { tool_calls: "{no" } }).driven.error).toContain("Node 'x' (tool_calls)");
  });

  test.each<[string, JsonObject, boolean]>([
    ["all went well", { mode: "executed", results: [{ success: true }, { success: true }] }, true],
    ["there were none", { mode: "executed", results: [] }, true],
    ["one failed", { mode: "executed", results: [{ success: true }, { success: false }] }, false],
    ["they were passed on", { mode: "delegated", results: [] }, false],
  ])("tool_calls is a success when %s: %#", (_name, result, success) => {
    const { output } = visit({ type: "tool_calls", outs: ["results", "success", "raw"], result });
    expect(output).toEqual({ results: result["results"] ?? [], success, raw: result });
  });

  test.each<[string, JsonObject, Value, boolean]>([
    ["the output", { results: [{ success: true, output: 5 }] }, 5, true],
    ["the error when it failed", { results: [{ success: false, output: null, error: "no" }] }, "no", false],
    ["a sentence when nothing came back", { results: [] }, "Missing tool result", false],
  ])("call_tool gives %s", (_name, result, shown, success) => {
    const visited = visit({ type: "call_tool", pins: { tool_call: call }, outs: ["result", "success"], result });
    expect([visited.effect.type, visited.asked]).toEqual(["tool_calls", { tool_calls: [call] }]);
    expect(visited.output).toEqual({ result: shown, success });
  });
});

describe("memory", () => {
  const enveloped = (meta: JsonObject, output = "text"): JsonObject => ({
    mode: "executed",
    results: [{ call_id: "memory", success: true, output, meta }],
  });
  test.each<[Shape, JsonObject, JsonObject]>([
    [
      {
        type: "memory_note",
        pins: { content: "remember", tags: { a: "b" } },
        outs: ["note_id"],
        result: enveloped({ span_id: "s1" }),
      },
      { note: "remember", tags: { a: "b" } },
      { note_id: "s1" },
    ],
    [
      {
        type: "memory_query",
        pins: { query: "q", limit: 3 },
        outs: ["results", "rendered", "span_ids"],
        result: enveloped({ matches: [{ span_id: "s" }], span_ids: ["s"] }),
      },
      { query: "q", limit_spans: 3, return: "both" },
      { results: [{ span_id: "s" }], rendered: "text", span_ids: ["s"] },
    ],
    [
      { type: "memory_tag", pins: { span_id: "s", tags: {} }, outs: ["success", "rendered"], result: enveloped({}) },
      { span_id: "s", tags: {} },
      { success: true, rendered: "text" },
    ],
    [
      { type: "memory_compact", config: { focus: "f" }, outs: ["span_id"], result: enveloped({ span_id: "s" }) },
      { focus: "f" },
      { span_id: "s" },
    ],
    [
      {
        type: "memory_rehydrate",
        pins: { span_ids: ["s"] },
        outs: ["inserted", "skipped"],
        result: { inserted: 2, skipped: 1, artifacts: [] },
      },
      { span_ids: ["s"], placement: "after_summary" },
      { inserted: 2, skipped: 1 },
    ],
    [
      {
        type: "memory_kg_assert",
        pins: { triples: [{}] },
        outs: ["count", "ok"],
        result: { ok: true, count: 1, assertion_ids: ["a"] },
      },
      { assertions: [{}] },
      { count: 1, ok: true },
    ],
    [
      {
        type: "memory_kg_query",
        pins: { query_text: "q", limit: 5 },
        outs: ["ok", "items", "packets"],
        result: { ok: false, error: "no" },
      },
      { query_text: "q", limit: 5 },
      { ok: false, items: [], packets: [] },
    ],
    [
      {
        type: "memory_kg_resolve",
        pins: { label: "Ada" },
        outs: ["candidates"],
        result: { ok: true, count: 1, candidates: [{ id: "ex:ada" }] },
      },
      { label: "Ada" },
      { candidates: [{ id: "ex:ada" }] },
    ],
  ])("$type asks and tells as the contract says", (shape, asked, output) => {
    const visited = visit(shape);
    expect([visited.effect.type, visited.effect.result_key]).toEqual([shape.type, "_temp.effects.x"]);
    expect(visited.asked).toEqual(asked);
    expect(visited.output).toMatchObject(output);
  });
});

describe("media", () => {
  test("an image is a model call with an output specification; pins win, empty ones do not count", () => {
    const { effect, asked } = visit({
      type: "generate_image",
      pins: { prompt: "a cat", width: 64, provider: "", seed: 1 },
      config: { provider: "cfg", model: "m", height: 32 },
    });
    expect(effect.type).toBe("llm_call");
    expect(asked).toEqual({
      prompt: "a cat",
      output: {
        modality: "image",
        task: "image_generation",
        format: "png",
        width: 64,
        height: 32,
        seed: 1,
        provider: "cfg",
        model: "m",
      },
    });
  });

  test.each<[string, unknown, JsonObject]>([
    ["an object", { $artifact: "a", role: "other" }, { $artifact: "a", type: "image", role: "other" }],
    ["an address", "https://x/y.png", { url: "https://x/y.png", type: "image", role: "source" }],
    ["a data address", "data:image/png;base64,AA", { url: "data:image/png;base64,AA", type: "image", role: "source" }],
    ["a file", "/tmp/x.png", { file_path: "/tmp/x.png", type: "image", role: "source" }],
    ["an id", "abc", { $artifact: "abc", type: "image", role: "source" }],
  ])("the source of an edit may be %s", (_name, image_artifact, item) => {
    expect(visit({ type: "edit_image", pins: { image_artifact, mask: "m" } }).asked["media"]).toEqual([
      item,
      { $artifact: "m", type: "image", role: "mask" },
    ]);
  });

  test("the outputs name the artifact, and success means that there is one", () => {
    const outs = ["image_artifact", "artifact_id", "content_type", "success", "meta"];
    const result = { provider: "p", model: "m", outputs: { image: [{ $artifact: "a1", content_type: "image/png" }] } };
    expect(visit({ type: "generate_image", outs, result }).output).toEqual({
      image_artifact: { $artifact: "a1" },
      artifact_id: "a1",
      content_type: "image/png",
      success: true,
      meta: { schema: "abstractflow.generate_image.v1.meta", version: 1, modality: "image", provider: "p", model: "m" },
    });
    expect(visit({ type: "generate_image", outs: ["success", "artifact_id"], result: {} }).output).toEqual({
      success: false,
      artifact_id: null,
    });
  });

  test("a voice says the text, a transcription gives it back", () => {
    expect(visit({ type: "generate_voice", pins: { text: "hello", voice: "v" } }).asked).toEqual({
      prompt: "hello",
      output: { modality: "voice", task: "tts", format: "wav", voice: "v" },
    });
    const heard = visit({
      type: "transcribe_audio",
      pins: { audio_artifact: "a" },
      outs: ["text"],
      result: { text: { content: "hi" } },
    });
    expect(heard.asked["media"]).toEqual([{ $artifact: "a", type: "audio", role: "source" }]);
    expect(heard.output).toMatchObject({ text: "hi" });
  });

  test("the old music_backend is refused", () => {
    expect(visit({ type: "generate_music", pins: { prompt: "x", music_backend: "old" } }).driven.error).toContain(
      "music_backend",
    );
  });

  test("listen_voice waits for a recording", () => {
    const options = { answers: [{ audio_artifact: { $artifact: "rec" }, text: "said" }] };
    const { driven, output } = visit({
      type: "listen_voice",
      pins: { language: "de" },
      outs: ["text", "artifact_id"],
      options,
    });
    const waiting = driven.records.find((record) => record.status === "waiting");
    expect((waiting?.result as { wait: JsonObject }).wait).toMatchObject({
      reason: "event",
      wait_key: "voice_input",
      prompt: "Speak now.",
      details: { input_mode: "voice", content_types: ["audio/wav", "audio/mpeg", "audio/webm"], language: "de" },
    });
    expect(output).toEqual({ text: "said", artifact_id: "rec", success: true });
  });
});

test.each<[JsonObject, boolean]>([
  [{ success: true }, true],
  [{ ok: false }, false],
  [{ models: [] }, true],
  [{ error: "no" }, false],
])("model_residency with %j has success %p", (result, success) => {
  const { asked, output } = visit({ type: "model_residency", outs: ["success"], result });
  expect(asked).toEqual({ operation: "list_loaded" });
  expect(output).toEqual({ success });
});

const allTypes = `
  on_flow_start on_flow_end on_user_request on_agent_message on_schedule on_event wait_event emit_event wait_until system_datetime
  agent subflow llm_call model_residency tool_calls call_tool ask_user answer_user code function add_message
  if switch sequence parallel loop for while join_exec path_mux compare and or not
  literal_string literal_number literal_boolean literal_json literal_array json_schema tools_allowlist tool_parameters
  provider_catalog provider_models model_catalog edit_json_schema
  get_var set_var set_vars set_var_property get_context var_decl bool_var
  add subtract multiply divide modulo power abs round random_int random_float
  concat split join format string_template uppercase lowercase trim substring length is_empty_string contains replace coalesce
  get set merge make_object make_array make_context make_meta make_scratchpad get_element get_random_element array_map array_filter
  array_length has_tools array_append array_dedup array_concat parse_json stringify_json format_tool_results agent_trace_report break_object
  read_file write_file read_pdf write_pdf list_folder_files import_workspace_file export_artifact read_artifact
  generate_image edit_image image_to_image upscale_image image_upscale generate_video text_to_video image_to_video generate_voice
  generate_music transcribe_audio listen_voice
  memory_note memory_query memory_tag memory_compact memory_rehydrate memory_kg_assert memory_kg_query memory_kg_resolve memact_compose
`
  .trim()
  .split(/\s+/);

test("every node type of the contract has its place", () => {
  expect(allTypes.length).toBeGreaterThan(120);
  expect(allTypes.filter((type) => !isKnownNode(type))).toEqual([]);
  expect(isKnownNode("from_the_future")).toBe(false);
});
