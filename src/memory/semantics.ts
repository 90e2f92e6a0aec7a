import { readFile } from "node:fs/promises";
import { AppError, messageOf } from "#core/errors.ts";
import { isObject } from "#core/value.ts";

/** The vocabulary of the knowledge graph: what may be said of what. */
export interface SemanticsRegistry {
  version: number;
  prefixes: Record<string, string>;
  predicates: { id: string; label: string; description: string; inverse?: string }[];
  entity_types: { id: string; label: string; description: string }[];
  /** Predicates that are read as another one. */
  aliases: Record<string, string>;
}

const prefixes = {
  rdf: "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
  schema: "https://schema.org/",
  skos: "http://www.w3.org/2004/02/skos/core#",
  dcterms: "http://purl.org/dc/terms/",
  cito: "http://purl.org/spar/cito/",
  prov: "http://www.w3.org/ns/prov#",
  ex: "urn:abstractgateway:",
};

/** Predicate and what it says, in the order in which an editor lists them. */
const predicates: Record<string, string> = {
  "rdf:type": "The subject is of this type",
  "schema:name": "Name of the subject",
  "schema:sameAs": "The same thing under another id",
  "schema:about": "What the subject is about",
  "schema:mentions": "The subject mentions this",
  "schema:knowsAbout": "A person or agent knows about this",
  "schema:participant": "Who takes part",
  "schema:result": "What came out of it",
  "schema:startDate": "When it begins",
  "schema:endDate": "When it ends",
  "schema:previousItem": "What comes before",
  "schema:nextItem": "What comes after",
  "skos:prefLabel": "Preferred label",
  "skos:altLabel": "Another label",
  "skos:definition": "What the concept means",
  "skos:broader": "A more general concept",
  "skos:narrower": "A more special concept",
  "skos:related": "A related concept",
  "skos:exactMatch": "The same concept elsewhere",
  "skos:closeMatch": "A concept that is nearly the same",
  "dcterms:title": "Title",
  "dcterms:identifier": "Identifier in some system",
  "dcterms:description": "Description",
  "dcterms:abstract": "Summary",
  "dcterms:subject": "Topic",
  "dcterms:creator": "Who made it",
  "dcterms:created": "When it was made",
  "dcterms:references": "A source that it refers to",
  "dcterms:hasPart": "A part of it",
  "dcterms:isPartOf": "What it is a part of",
  "cito:cites": "Cites",
  "cito:supports": "Is evidence for",
  "cito:disagreesWith": "Is evidence against",
  "cito:confirms": "Confirms",
  "cito:usesDataFrom": "Uses data from",
  "cito:providesDataFor": "Provides data for",
  "prov:wasDerivedFrom": "Was made out of",
};

const entityTypes: Record<string, string> = {
  "schema:Person": "A person",
  "schema:Organization": "An organization",
  "schema:Place": "A place",
  "schema:Event": "Something that happens",
  "schema:Thing": "Anything else with a name",
  "schema:CreativeWork": "A work, such as an article or a program",
  "schema:SoftwareApplication": "A program",
  "skos:Concept": "An idea or a notion",
  "cito:Claim": "Something that somebody claims",
  "dcterms:Text": "A text",
  "prov:Activity": "Something that was done",
};

const aliases: Record<string, string> = {
  "schema:description": "dcterms:description",
  "schema:creator": "dcterms:creator",
  "schema:awareness": "schema:knowsAbout",
  "schema:hasParent": "dcterms:isPartOf",
  "schema:hasMember": "dcterms:hasPart",
  "schema:recognizedAs": "skos:closeMatch",
  "schema:hasMemorySource": "dcterms:references",
  "schema:hasPart": "dcterms:hasPart",
  "schema:isPartOf": "dcterms:isPartOf",
  "dcterms:has_part": "dcterms:hasPart",
  "dcterms:is_part_of": "dcterms:isPartOf",
  has_part: "dcterms:hasPart",
  is_part_of: "dcterms:isPartOf",
};

const inverses: Record<string, string> = {
  "dcterms:hasPart": "dcterms:isPartOf",
  "dcterms:isPartOf": "dcterms:hasPart",
  "skos:broader": "skos:narrower",
  "skos:narrower": "skos:broader",
  "schema:previousItem": "schema:nextItem",
  "schema:nextItem": "schema:previousItem",
};

export const defaultSemantics: SemanticsRegistry = {
  version: 1,
  prefixes,
  predicates: Object.entries(predicates).map(([id, description]) => ({
    id,
    label: labelOf(id),
    description,
    ...(inverses[id] ? { inverse: inverses[id] } : {}),
  })),
  entity_types: Object.entries(entityTypes).map(([id, description]) => ({ id, label: labelOf(id), description })),
  aliases,
};

function labelOf(id: string): string {
  return (id.split(":")[1] ?? id).replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
}

/** The registry of a file, or the one that comes with the gateway. AppError `invalid_request` when the file is none. */
export async function loadSemantics(path: string | null): Promise<SemanticsRegistry> {
  if (path === null) return defaultSemantics;
  const refuse = (why: string) => new AppError("invalid_request", `ABSTRACTSEMANTICS_REGISTRY_PATH: '${path}' ${why}`);
  let document: unknown;
  try {
    document = JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    throw refuse(`cannot be read: ${messageOf(error)}`);
  }
  if (!isObject(document) || !Array.isArray(document["predicates"])) throw refuse("has no list 'predicates'");
  const isNamed = (entry: unknown) => isObject(entry) && typeof entry["id"] === "string" && entry["id"] !== "";
  if (!document["predicates"].every(isNamed)) throw refuse("has a predicate without an id");
  const fallback = { version: 1, prefixes: {}, entity_types: [], aliases: {} };
  return { ...fallback, ...document } as unknown as SemanticsRegistry;
}

/** Answers the canonical predicate of what somebody wrote, or null for one that the registry does not know. */
export type ReadPredicate = (predicate: string) => string | null;

export function predicateReader({ predicates, aliases }: SemanticsRegistry): ReadPredicate {
  const known = new Set(predicates.map(({ id }) => id.toLowerCase()));
  const meant = new Map(Object.entries(aliases).map(([alias, id]) => [alias.toLowerCase(), id.toLowerCase()]));
  return (predicate) => {
    const written = predicate.trim().toLowerCase();
    const id = meant.get(written) ?? written;
    return known.has(id) ? id : null;
  };
}
