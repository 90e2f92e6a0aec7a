import { readJson } from "#console/ui/read-json.ts";
import type { JsonObject, Value } from "#core/value.ts";
import type { FlowInput } from "#sdk/history.ts";

/** How a pin is filled in. */
export type Control = "text" | "number" | "boolean" | "provider" | "model" | "json";

export function controlOf({ type }: FlowInput): Control {
  if (type === "string") return "text";
  if (type === "number" || type === "boolean" || type === "provider" || type === "model") return type;
  return "json";
}

/** What stands in a control before anybody types. */
export function textOf(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}

/** What somebody is likely to want to say: the rest has defaults, or is the gateway's own choice. */
export function isForefront(input: FlowInput): boolean {
  return input.required && controlOf(input) === "text" && !/^system/i.test(input.id);
}

export interface ReadInput {
  values: JsonObject;
  wrong: Record<string, string>;
}

/** What was typed, as values; an empty control leaves its pin to the flow. */
export function readInput(inputs: FlowInput[], texts: Record<string, string>): ReadInput {
  const read: ReadInput = { values: {}, wrong: {} };
  for (const input of inputs) {
    const text = texts[input.id] ?? "";
    if (text.trim() === "") continue;
    const { value, wrong } = readOne(controlOf(input), text);
    if (wrong !== null) read.wrong[input.id] = wrong;
    else read.values[input.id] = value;
  }
  return read;
}

function readOne(control: Control, text: string): { value: Value; wrong: string | null } {
  if (control === "number") {
    const number = Number(text);
    return Number.isFinite(number) ? { value: number, wrong: null } : { value: null, wrong: "A number." };
  }
  if (control === "boolean") return { value: text === "true", wrong: null };
  return control === "json" ? readJson(text) : { value: text, wrong: null };
}
