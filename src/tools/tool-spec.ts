import type { JsonObject, Value } from "#core/value.ts";
import type { Tool, ToolParameter } from "#tools/tool.ts";

/** A tool as catalogues show it (contract flow-runtime 4.6). */
export interface ToolSpec {
  name: string;
  description: string;
  when_to_use?: string;
  parameters: Record<string, { type: string; default?: Value; description?: string }>;
  required_args: string[];
  examples?: JsonObject[];
  toolset: string;
}

/** A tool as models are told of it. */
export interface ModelTool {
  name: string;
  description: string;
  /** A JSON Schema of an object. */
  parameters: JsonObject;
}

export function toolSpec(tool: Tool): ToolSpec {
  return {
    name: tool.name,
    description: tool.description,
    ...(tool.when_to_use === undefined ? {} : { when_to_use: tool.when_to_use }),
    parameters: Object.fromEntries(Object.entries(tool.parameters).map(([name, each]) => [name, { ...each }])),
    required_args: requiredOf(tool),
    ...(tool.examples === undefined
      ? {}
      : { examples: tool.examples.map((args) => ({ description: `A call of ${tool.name}`, arguments: args })) }),
    toolset: tool.toolset,
  };
}

export function modelTool(tool: Tool): ModelTool {
  const properties = Object.fromEntries(Object.entries(tool.parameters).map(([name, each]) => [name, schemaOf(each)]));
  const description = tool.when_to_use === undefined ? tool.description : `${tool.description} ${tool.when_to_use}`;
  return {
    name: tool.name,
    description,
    parameters: { type: "object", properties, required: requiredOf(tool), additionalProperties: false },
  };
}

function requiredOf(tool: Tool): string[] {
  return Object.keys(tool.parameters).filter((name) => tool.parameters[name]?.default === undefined);
}

/** A default of null means "absent", which a schema says by not requiring it: null would not fit its type. */
function schemaOf({ default: otherwise, ...rest }: ToolParameter): JsonObject {
  return otherwise === undefined || otherwise === null ? { ...rest } : { ...rest, default: otherwise };
}
