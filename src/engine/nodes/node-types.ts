/** Constants: their record is installed when the flow is compiled, with the raw value. */
export const literalTypes: ReadonlySet<string> = new Set([
  "literal_string",
  "literal_number",
  "literal_boolean",
  "literal_json",
  "literal_array",
  "json_schema",
]);

/** Function nodes that are read when they declare no execution pins, and are steps when they do. */
export const builtinTypes: ReadonlySet<string> = new Set([
  ..."get_var get_context bool_var var_decl break_object tool_parameters tools_allowlist".split(" "),
  ..."provider_catalog provider_models model_catalog edit_json_schema system_datetime".split(" "),
  ..."compare and or not path_mux".split(" "),
  ..."add subtract multiply divide modulo power abs round random_int random_float".split(" "),
  ..."concat split join format string_template uppercase lowercase trim substring length".split(" "),
  ..."is_empty_string contains replace coalesce".split(" "),
  ..."get set merge make_object make_array make_context make_meta make_scratchpad".split(" "),
  ..."get_element get_random_element array_map array_filter array_length has_tools array_append".split(" "),
  ..."array_dedup array_concat parse_json stringify_json format_tool_results agent_trace_report".split(" "),
]);
