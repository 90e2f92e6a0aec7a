import { reprFloat } from "#core/python-float.ts";
import { intText } from "#core/python.ts";
import { TextWriter, compareCodePoints, maxNesting, tooDeep } from "#core/python-text.ts";
import { PyFloat, type Value, isObject } from "#core/value.ts";

/** `json.dumps(value, ensure_ascii=False, …)`: spaces after separators on one line, none when compact, or lines with an indent. */
export interface DumpOptions {
  /** Spaces per level; without it everything is on one line. */
  indent?: number;
  isCompact?: boolean;
  sortKeys?: boolean;
}

interface Layout {
  writer: TextWriter;
  options: DumpOptions;
}

/** Text with Python's spelling of floats (`5.0`, `1e-05`). Throws an Error when the value is too deep or too long. */
export function dumpJson(value: Value, options: DumpOptions = {}): string {
  const writer = new TextWriter();
  write(value, { writer, options }, 0);
  return writer.text;
}

function write(value: Value, layout: Layout, depth: number): void {
  if (depth > maxNesting) throw tooDeep();
  if (Array.isArray(value)) {
    writeAll(value, { ...layout, brackets: "[]", depth, each: (item) => write(item, layout, depth + 1) });
  } else if (isObject(value)) {
    const { writer, options } = layout;
    const entries = Object.entries(value);
    if (options.sortKeys) entries.sort(([a], [b]) => compareCodePoints(a, b));
    const colon = options.isCompact ? ":" : ": ";
    const each = ([key, inner]: [string, Value]) => {
      writer.write(JSON.stringify(key) + colon);
      write(inner, layout, depth + 1);
    };
    writeAll(entries, { ...layout, brackets: "{}", depth, each });
  } else layout.writer.write(scalar(value));
}

interface Container<Item> extends Layout {
  brackets: string;
  depth: number;
  each: (item: Item) => void;
}

function writeAll<Item>(items: Item[], { writer, options, brackets, depth, each }: Container<Item>): void {
  const [open = "", close = ""] = brackets;
  if (items.length === 0) return writer.write(brackets);
  const { indent } = options;
  const newline = (levels: number) => (indent === undefined ? "" : `\n${" ".repeat(indent * levels)}`);
  const comma = indent === undefined && !options.isCompact ? ", " : ",";
  writer.write(open);
  items.forEach((item, index) => {
    writer.write((index > 0 ? comma : "") + newline(depth + 1));
    each(item);
  });
  writer.write(newline(depth) + close);
}

function scalar(value: null | boolean | number | string | PyFloat): string {
  if (value instanceof PyFloat) return reprFloat(value.value);
  if (typeof value !== "number") return JSON.stringify(value);
  if (Number.isInteger(value)) return intText(value);
  if (Number.isNaN(value)) return "NaN";
  return Number.isFinite(value) ? reprFloat(value) : value > 0 ? "Infinity" : "-Infinity";
}
