import { AppError } from "#core/errors.ts";
import { isoTime, parseTime } from "#core/time.ts";
import { type JsonObject, type Value, isObject, numberOf } from "#core/value.ts";

export const assertionScopes = ["run", "session", "global"] as const;
export type AssertionScope = (typeof assertionScopes)[number];

/**
 * One fact of the knowledge graph (contract flow-runtime 6.1). Terms are trimmed and lower-cased; the object of a literal keeps its case.
 * Times are ISO texts of one form, so that they compare as text.
 */
export interface Assertion {
  assertion_id: string;
  subject: string;
  predicate: string;
  object: string;
  scope: AssertionScope;
  owner_id: string | null;
  observed_at: string;
  /** True from this moment on; null: always was. */
  valid_from: string | null;
  /** Exclusive end; null: still holds. */
  valid_until: string | null;
  /** 0 to 1. */
  confidence: number | null;
  /** Who wrote it: `span_id`, `writer_run_id`, `writer_workflow_id`, `writer_step_id`, … */
  provenance: JsonObject;
  attributes: JsonObject;
}

/** Longer terms are no names. */
const maxTermChars = 4000;

/** The form in which terms are stored and compared. */
export function canonicalTerm(text: string): string {
  return text.trim().toLowerCase();
}

/** The form under which an object is found, whatever its case. */
export function objectKey(object: string): string {
  return object.toLowerCase();
}

/** What a writer gives beside the triple itself. */
export interface AssertionDefaults {
  assertion_id: string;
  scope: AssertionScope;
  owner_id: string | null;
  observed_at: string;
  provenance: JsonObject;
  attributes: JsonObject;
}

/**
 * An assertion from what somebody wrote. `place` names it in errors, such as `assertions[2]`. AppError `invalid_request` for a missing or
 * empty term, an unknown scope, an unreadable time, a confidence outside 0 to 1.
 */
export function readAssertion(value: Value, place: string, defaults: AssertionDefaults): Assertion {
  if (!isObject(value)) throw invalid(`${place} must be an object with subject, predicate and object`);
  const given = isObject(value["attributes"]) ? value["attributes"] : {};
  const attributes = { ...defaults.attributes, ...given };
  const provenance = isObject(value["provenance"]) ? value["provenance"] : {};
  const object = termOf(value, "object", place);
  const assertion: Assertion = {
    assertion_id: defaults.assertion_id,
    subject: canonicalTerm(termOf(value, "subject", place)),
    predicate: canonicalTerm(termOf(value, "predicate", place)),
    object: isTruthy(attributes["literal"]) ? object.trim() : canonicalTerm(object),
    scope: value["scope"] === undefined ? defaults.scope : readScope(value["scope"], place),
    owner_id: textOf(value["owner_id"]) ?? defaults.owner_id,
    observed_at: readMoment(value["observed_at"], `${place}.observed_at`) ?? defaults.observed_at,
    valid_from: readMoment(value["valid_from"], `${place}.valid_from`),
    valid_until: readMoment(value["valid_until"], `${place}.valid_until`),
    confidence: readConfidence(value["confidence"], place),
    provenance: { ...defaults.provenance, ...provenance },
    attributes,
  };
  const { valid_from: from, valid_until: until } = assertion;
  if (from !== null && until !== null && from >= until)
    throw invalid(`${place}: valid_from must be before valid_until`);
  return assertion;
}

/** An ISO time in the stored form, or null when there is none. AppError `invalid_request` when it cannot be read. */
export function readMoment(value: Value | undefined, place: string): string | null {
  if (value === undefined || value === null || value === "") return null;
  const ms = typeof value === "string" ? parseTime(value) : Number.NaN;
  if (Number.isNaN(ms)) throw invalid(`${place} must be an ISO time`);
  return isoTime(ms);
}

function readScope(value: Value | undefined, place: string): AssertionScope {
  const scope = assertionScopes.find((each) => each === value);
  if (!scope) throw invalid(`${place}.scope must be one of ${assertionScopes.join(", ")}`);
  return scope;
}

function readConfidence(value: Value | undefined, place: string): number | null {
  if (value === undefined || value === null) return null;
  const number = numberOf(value);
  if (number === null || !(number >= 0 && number <= 1))
    throw invalid(`${place}.confidence must be a number from 0 to 1`);
  return number;
}

function termOf(value: JsonObject, name: string, place: string): string {
  const term = value[name];
  const text = typeof term === "string" ? term : typeof term === "number" ? String(term) : "";
  if (text.trim() === "") throw invalid(`${place}.${name} must be a text that is not empty`);
  if (text.length > maxTermChars) throw invalid(`${place}.${name} must have at most ${maxTermChars} characters`);
  if (!text.isWellFormed() || text.includes("\u0000"))
    throw invalid(`${place}.${name} must be valid Unicode without NUL`);
  return text;
}

function textOf(value: Value | undefined): string | null {
  return typeof value === "string" && value.trim() !== "" ? value.trim() : null;
}

function isTruthy(value: Value | undefined): boolean {
  return value !== undefined && value !== null && value !== false && value !== 0 && value !== "" && value !== "false";
}

function invalid(message: string): AppError {
  return new AppError("invalid_request", message);
}

const maxContextChars = 400;

/** The text of an assertion that is embedded and searched (contract flow-runtime 6.3). */
export function textOfAssertion({ subject, predicate, object, attributes }: Assertion): string {
  const lines = [`${subject} ${predicate} ${object}`];
  const add = (label: string, name: string) => {
    const value = attributes[name];
    if (typeof value === "string" && value.trim() !== "")
      lines.push(`${label}: ${value.trim().slice(0, maxContextChars)}`);
  };
  add("subject_type", "subject_type");
  add("object_type", "object_type");
  add("evidence", "evidence_quote");
  add("context", "original_context");
  return lines.join("\n");
}
