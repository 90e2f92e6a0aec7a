import type { Static, TSchema } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import { PyFloat, isObject } from "#core/value.ts";
import { type Issue, RequestIssues } from "#http/errors.ts";

/** Checks a parsed JSON body; throws RequestIssues with everything that is wrong. */
export interface BodyCheck<T extends TSchema> {
  readonly schema: T;
  check(body: unknown): Static<T>;
}

/**
 * Compiles the schema of a body once. Fields that are absent get the schema's defaults. Keys that the schema does not name are
 * ignored, unless it says `additionalProperties: false`.
 */
export function bodyCheck<T extends TSchema>(schema: T): BodyCheck<T> {
  const compiled = TypeCompiler.Compile(schema);
  const defaults = Object.entries(propertiesOf(schema)).filter(([, property]) => property.default !== undefined);
  return {
    schema,
    check(body) {
      if (!isObject(body)) throw new RequestIssues([notAnObject(body)]);
      const filled: Record<string, unknown> = { ...body };
      for (const [key, property] of defaults) {
        if (!Object.hasOwn(filled, key)) filled[key] = structuredClone(property.default);
      }
      const issues = compiled.Check(filled) ? [] : objectIssues(schema, filled, ["body"]);
      // A float such as `5.0` arrives as an object of ours, which a schema of objects would take for one.
      const floats = floatIssues(schema, filled);
      if (issues.length + floats.length > 0) throw new RequestIssues([...issues, ...floats]);
      return filled;
    },
  };
}

function notAnObject(input: unknown): Issue {
  return input === undefined
    ? { type: "missing", loc: ["body"], msg: "Field required", input: null }
    : {
        type: "model_attributes_type",
        loc: ["body"],
        msg: "Input should be a valid dictionary or object to extract fields from",
        input: shown(input),
      };
}

function floatIssues(schema: TSchema, body: Record<string, unknown>): Issue[] {
  return Object.entries(propertiesOf(schema)).flatMap(([key, property]) =>
    body[key] instanceof PyFloat ? [typeIssue(mainVariant(property), body[key], ["body", key])] : [],
  );
}

function objectIssues(schema: TSchema, value: Record<string, unknown>, loc: Issue["loc"]): Issue[] {
  const properties = propertiesOf(schema);
  const required: string[] = schema["required"] ?? [];
  const issues: Issue[] = [];
  for (const [key, property] of Object.entries(properties)) {
    if (Object.hasOwn(value, key)) issues.push(...valueIssues(property, value[key], [...loc, key]));
    else if (required.includes(key)) {
      issues.push({ type: "missing", loc: [...loc, key], msg: "Field required", input: shown(value) });
    }
  }
  if (schema["additionalProperties"] === false) {
    for (const key of Object.keys(value).filter((each) => !Object.hasOwn(properties, each))) {
      issues.push({
        type: "extra_forbidden",
        loc: [...loc, key],
        msg: "Extra inputs are not permitted",
        input: shown(value[key]),
      });
    }
  }
  return issues;
}

function valueIssues(schema: TSchema, value: unknown, loc: Issue["loc"]): Issue[] {
  if (value instanceof PyFloat) return [];
  const variants = variantsOf(schema);
  if (variants.some((variant) => matchesType(variant, value))) {
    const variant = variants.find((each) => matchesType(each, value)) ?? schema;
    return insideIssues(variant, value, loc);
  }
  const named = variants.filter((variant) => variant["type"] !== "null");
  if (named.length <= 1) return [typeIssue(named[0] ?? schema, value, loc)];
  return named.map((variant) => typeIssue(variant, value, [...loc, typeNames[String(variant["type"])]?.short ?? ""]));
}

/** The type fits; what about range, length, items, fields? */
function insideIssues(schema: TSchema, value: unknown, loc: Issue["loc"]): Issue[] {
  if (typeof value === "number") return rangeIssues(schema, value, loc);
  if (typeof value === "string") return textIssues(schema, value, loc);
  if (Array.isArray(value)) {
    const limit = schema["maxItems"] as number | undefined;
    if (limit !== undefined && value.length > limit) {
      const msg = `List should have at most ${limit} items after validation, not ${value.length}`;
      return [{ type: "too_long", loc, msg, input: null, ctx: { max_length: limit } }];
    }
    const items = schema["items"] as TSchema | undefined;
    return items ? value.flatMap((item, index) => valueIssues(items, item, [...loc, index])) : [];
  }
  return isObject(value) ? objectIssues(schema, value, loc) : [];
}

function textIssues(schema: TSchema, value: string, loc: Issue["loc"]): Issue[] {
  const least = schema["minLength"] as number | undefined;
  if (least !== undefined && value.length < least) {
    const msg = `String should have at least ${least} character${least === 1 ? "" : "s"}`;
    return [{ type: "string_too_short", loc, msg, input: shown(value), ctx: { min_length: least } }];
  }
  const limit = schema["maxLength"] as number | undefined;
  if (limit !== undefined && value.length > limit) {
    const msg = `String should have at most ${limit} characters`;
    return [{ type: "string_too_long", loc, msg, input: shown(value), ctx: { max_length: limit } }];
  }
  const pattern = schema["pattern"] as string | undefined;
  if (pattern === undefined || new RegExp(pattern).test(value)) return [];
  const msg = `String should match pattern '${pattern}'`;
  return [{ type: "string_pattern_mismatch", loc, msg, input: shown(value), ctx: { pattern } }];
}

/** Bounds of a number in the words of pydantic. */
export function rangeIssues(schema: TSchema, value: number, loc: Issue["loc"]): Issue[] {
  const bounds: [string, string, string, string, (bound: number) => boolean][] = [
    ["minimum", "greater_than_equal", "greater than or equal to", "ge", (bound) => value >= bound],
    ["exclusiveMinimum", "greater_than", "greater than", "gt", (bound) => value > bound],
    ["maximum", "less_than_equal", "less than or equal to", "le", (bound) => value <= bound],
  ];
  for (const [keyword, type, words, short, holds] of bounds) {
    const bound = schema[keyword] as number | undefined;
    if (bound === undefined || holds(bound)) continue;
    return [{ type, loc, msg: `Input should be ${words} ${bound}`, input: value, ctx: { [short]: bound } }];
  }
  return [];
}

const typeNames: Record<string, { type: string; msg: string; short: string }> = {
  string: { type: "string_type", msg: "Input should be a valid string", short: "str" },
  integer: { type: "int_type", msg: "Input should be a valid integer", short: "int" },
  number: { type: "float_type", msg: "Input should be a valid number", short: "float" },
  boolean: { type: "bool_type", msg: "Input should be a valid boolean", short: "bool" },
  object: { type: "dict_type", msg: "Input should be a valid dictionary", short: "dict" },
  array: { type: "list_type", msg: "Input should be a valid list", short: "list" },
};

function typeIssue(schema: TSchema, input: unknown, loc: Issue["loc"]): Issue {
  const name = typeNames[String(schema["type"])];
  const shownInput = input instanceof PyFloat ? input.value : shown(input);
  return { type: name?.type ?? "value_error", loc, msg: name?.msg ?? "Input is not valid", input: shownInput };
}

function matchesType(schema: TSchema, value: unknown): boolean {
  switch (schema["type"]) {
    case "null":
      return value === null;
    case "integer":
      return Number.isInteger(value);
    case "array":
      return Array.isArray(value);
    case "object":
      return isObject(value);
    case undefined:
      return true;
    default:
      return typeof value === schema["type"];
  }
}

function variantsOf(schema: TSchema): TSchema[] {
  return (schema["anyOf"] as TSchema[] | undefined) ?? [schema];
}

function mainVariant(schema: TSchema): TSchema {
  return variantsOf(schema).find((variant) => variant["type"] !== "null") ?? schema;
}

function propertiesOf(schema: TSchema): Record<string, TSchema> {
  return (schema["properties"] as Record<string, TSchema> | undefined) ?? {};
}

const maxShownChars = 1000;

/** An error shows what it is about, but not a whole upload. */
export function shown(input: unknown): unknown {
  if (typeof input === "string") return shownText(input);
  if (typeof input !== "object" || input === null) return input;
  const text = JSON.stringify(input);
  return text.length > maxShownChars ? `${text.slice(0, maxShownChars)}…` : input;
}

/** A text of the client as it may stand in an error. */
export function shownText(text: string): string {
  return text.length > maxShownChars ? `${text.slice(0, maxShownChars)}…` : text;
}
