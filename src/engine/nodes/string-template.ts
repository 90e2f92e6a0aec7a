import { getPath } from "#core/path.ts";
import { dumpJson } from "#core/python-json.ts";
import { TextWriter, joinTexts, strip } from "#core/python-text.ts";
import { pyStr } from "#core/python.ts";
import type { JsonObject, Value } from "#core/value.ts";

/** A placeholder is a path and a few filters on one line; what is longer is text that happens to have braces. */
const maxPlaceholderLength = 1000;

/** `{{ path | filter | … }}` over `vars`. What is missing or null is empty, filters that nobody knows change nothing. */
export function fillTemplate(template: string, vars: JsonObject): string {
  const out = new TextWriter();
  let at = 0;
  let end = -1;
  for (let start = template.indexOf("{{"); start >= 0; start = template.indexOf("{{", at)) {
    if (end < start + 2) end = template.indexOf("}}", start + 2);
    if (end < 0) break;
    out.write(template.slice(at, start));
    const expression = end - start > maxPlaceholderLength ? null : strip(template.slice(start + 2, end));
    if (expression === null || expression.includes("\n")) {
      out.write("{");
      at = start + 1;
    } else {
      out.write(evaluate(expression, vars));
      at = end + 2;
    }
  }
  out.write(template.slice(at));
  return out.text;
}

function evaluate(expression: string, vars: JsonObject): string {
  const [path = "", ...filters] = splitFilters(expression);
  let value: Value = path === "" ? null : (getPath(vars, path) ?? null);
  if (value === null) return "";
  for (const filter of filters) value = applyFilter(filter, value);
  return pyStr(value);
}

/** A bar inside quotes belongs to a filter's argument. */
function splitFilters(expression: string): string[] {
  return [...expression.matchAll(/(?:^|\|)((?:"[^"]*"|'[^']*'|[^|])*)/g)].map((part) => strip(part[1] ?? ""));
}

function applyFilter(filter: string, value: Value): Value {
  if (filter === "json") return dumpJson(value, { sortKeys: true });
  if (filter.startsWith("join")) return joined(filter, value);
  if (filter === "trim") return strip(pyStr(value));
  if (filter === "lower") return pyStr(value).toLowerCase();
  return filter === "upper" ? pyStr(value).toUpperCase() : value;
}

function joined(filter: string, value: Value): string {
  const argument = /^join\((.*)\)$/.exec(filter)?.[1];
  const bare = argument === undefined ? ", " : strip(argument);
  const separator = /^(["'])(.*)\1$/.exec(bare)?.[2] ?? bare;
  if (!Array.isArray(value)) return pyStr(value);
  return joinTexts(
    value.map((each) => (each === null ? "" : pyStr(each))),
    separator,
  );
}
