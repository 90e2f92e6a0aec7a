import { type TSchema, type TUnion, type TNull, Type as t } from "@sinclair/typebox";

// A schema with an `$id` becomes a component of the OpenAPI document under that name.

export function nullable<T extends TSchema>(schema: T, description?: string): TUnion<[T, TNull]> {
  return t.Union([schema, t.Null()], description === undefined ? {} : { description });
}

export function text(description: string) {
  return t.String({ description });
}

export function textOrNull(description: string) {
  return nullable(t.String(), description);
}

export function optionalText(description: string) {
  return t.Optional(nullable(t.String(), description));
}

export function time(description: string) {
  return t.String({ format: "date-time", description });
}

export function flag(description: string) {
  return t.Boolean({ description });
}

export function count(description: string) {
  return t.Integer({ minimum: 0, description });
}

/** An object with keys that the flow or the client chose. */
export function jsonObject(description: string) {
  return t.Object({}, { additionalProperties: true, description });
}

/** Any JSON value. */
export function anyValue(description: string) {
  return t.Unknown({ description });
}

/** An object whose values all have one shape, by keys such as run ids. */
export function mapOf<T extends TSchema>(schema: T, description: string) {
  return t.Unsafe<Record<string, T["static"]>>({ type: "object", additionalProperties: schema, description });
}

/** One of a few words. */
export function oneOf<const T extends readonly string[]>(values: T, description: string) {
  return t.Unsafe<T[number]>({ type: "string", enum: [...values], description });
}
