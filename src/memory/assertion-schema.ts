import type { JsonObject } from "#core/value.ts";
import type { SemanticsRegistry } from "#memory/semantics.ts";

/** The one schema that flows may name. */
const assertionSchemaRef = "abstractsemantics:kg_assertion_schema_v0";

const maxAssertions = 100;
const longest = { term: 300, quote: 600, context: 1200 };

/** Answers the schema of a reference, or null for one that is not known. */
export function schemaReader(registry: SemanticsRegistry): (ref: string) => JsonObject | null {
  return (ref) => (ref.trim() === assertionSchemaRef ? assertionSchema(registry) : null);
}

/** What a model must answer so that `memory_kg_assert` takes it: only predicates and types of the vocabulary. */
function assertionSchema({ predicates, entity_types: types }: SemanticsRegistry): JsonObject {
  const term = { type: "string", minLength: 1, maxLength: longest.term };
  const oneOf = (known: { id: string }[]) =>
    known.length > 0 ? { type: "string", enum: known.map(({ id }) => id) } : term;
  const assertion: JsonObject = {
    type: "object",
    properties: {
      subject: { ...term, description: "Who or what is spoken of, as a short stable id such as ex:person-ada" },
      predicate: oneOf(predicates),
      object: { ...term, description: "Another thing by its id, or a text" },
      confidence: { type: "number", minimum: 0, maximum: 1 },
      valid_from: { type: "string", description: "ISO 8601; left out when unknown" },
      valid_until: { type: "string", description: "ISO 8601; left out when unknown" },
      attributes: {
        type: "object",
        properties: {
          subject_type: oneOf(types),
          object_type: oneOf(types),
          literal: { type: "boolean", description: "The object is a text, not the id of a thing" },
          evidence_quote: { type: "string", maxLength: longest.quote, description: "The words that say so" },
          original_context: { type: "string", maxLength: longest.context },
        },
        required: ["evidence_quote"],
        additionalProperties: false,
      },
    },
    required: ["subject", "predicate", "object", "attributes"],
    additionalProperties: false,
  };
  return {
    type: "object",
    properties: { assertions: { type: "array", maxItems: maxAssertions, items: assertion } },
    required: ["assertions"],
    additionalProperties: false,
  };
}
