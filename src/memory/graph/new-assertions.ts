import { type Assertion, type AssertionScope, objectKey, readAssertion } from "#core/assertion.ts";
import { AppError } from "#core/errors.ts";
import { type JsonObject, type Value, isObject } from "#core/value.ts";
import type { Knowledge } from "#memory/knowledge.ts";
import type { ReadPredicate } from "#memory/semantics.ts";

export interface NewAssertions {
  /** Triples as somebody wrote them. */
  triples: Value[];
  scope: AssertionScope;
  /** Owner of the scopes that a triple may name. */
  ownerOf: (scope: AssertionScope) => string | null;
  /** Wins over the scope's owner. */
  ownerId: string | null;
  attributes: JsonObject;
  provenance: JsonObject;
  allowsCustomPredicates: boolean;
  observedAt: string;
  newId: () => string;
}

/** More in one call is no step of a run. */
export const maxTriples = 10_000;

/**
 * What somebody wrote as assertions (contract flow-runtime 6.4). AppError `invalid_request` names the first that is wrong: nothing of a
 * call is written when one of it is.
 */
export function readAssertions(given: NewAssertions, readPredicate: ReadPredicate): Assertion[] {
  const { triples } = given;
  if (triples.length > maxTriples) throw invalid(`assertions: at most ${maxTriples} at once`);
  return triples.map((triple, index) => {
    const place = `assertions[${index}]`;
    if (!isObject(triple)) throw invalid(`${place} must be an object with subject, predicate and object`);
    const read = readAssertion(withOwnIds(triple), place, {
      assertion_id: given.newId(),
      scope: given.scope,
      owner_id: null,
      observed_at: given.observedAt,
      provenance: given.provenance,
      attributes: given.attributes,
    });
    const owner = read.owner_id ?? given.ownerId ?? given.ownerOf(read.scope);
    if (owner === null) throw invalid(`${place}: scope '${read.scope}' needs a run or a session`);
    return { ...read, owner_id: owner, predicate: predicateOf(read.predicate, { place, given, readPredicate }) };
  });
}

function predicateOf(
  predicate: string,
  { place, given, readPredicate }: { place: string; given: NewAssertions; readPredicate: ReadPredicate },
): string {
  const known = readPredicate(predicate);
  if (known !== null) return known;
  if (given.allowsCustomPredicates && predicate.startsWith("ex:")) return predicate;
  throw invalid(`${place}: the predicate '${predicate.slice(0, 100)}' is not in the semantics registry`);
}

/** Ids of ours have one form, however a model writes them: `ex:Größe eins` is `ex:grosse-eins`. */
function withOwnIds(triple: JsonObject): JsonObject {
  const attributes = isObject(triple["attributes"]) ? triple["attributes"] : {};
  return {
    ...triple,
    subject: ownId(triple["subject"]),
    object: attributes["literal"] ? (triple["object"] ?? null) : ownId(triple["object"]),
  };
}

function ownId(term: Value | undefined): Value {
  if (typeof term !== "string" || !/^\s*ex:/i.test(term)) return term ?? null;
  const name = term.trim().slice(3);
  const slug = name
    .replaceAll("ß", "ss")
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/^-+|-+$/g, "")
    .toLowerCase();
  return slug === "" ? term : `ex:${slug}`;
}

/** Subjects in one question to the store. */
const subjectPortion = 500;

/** Those that the graph does not hold already for the same owner, and how many were left out. Twice the same in one call counts too. */
export async function withoutKnown(
  knowledge: Knowledge,
  runtimeId: string,
  assertions: Assertion[],
): Promise<{ fresh: Assertion[]; skipped: number }> {
  const { store } = await knowledge.view();
  const seen = new Set<string>();
  const subjects = [...new Set(assertions.map(({ subject }) => subject))];
  for (let at = 0; at < subjects.length; at += subjectPortion) {
    const filter = { runtimeId, owners: null, subjects: subjects.slice(at, at + subjectPortion) };
    for (const known of await store.select(filter, { limit: 0, order: "asc" })) seen.add(keyOf(known));
  }
  const fresh = assertions.filter((assertion) => {
    const key = keyOf(assertion);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
  return { fresh, skipped: assertions.length - fresh.length };
}

function keyOf({ subject, predicate, object, scope, owner_id }: Assertion): string {
  return JSON.stringify([subject, predicate, objectKey(object), scope, owner_id]);
}

function invalid(message: string): AppError {
  return new AppError("invalid_request", message);
}
