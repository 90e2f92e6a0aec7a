import { type JsonObject, type Value, isObject } from "#core/value.ts";
import type { ArtifactRow } from "#ledger/ledger.ts";

export const modalities = ["image", "audio", "video", "text", "file"] as const;
export type Modality = (typeof modalities)[number];

/** What an artifact is, by its tags, its descriptor and its media type: shown to clients, and what searches filter by. */
export interface ArtifactKinds {
  semantic_kind: string;
  render_kind: string;
  modality: Modality;
  /** Where the kinds were found. */
  classification_source: "descriptor" | "tags" | "content_type";
}

export function artifactKinds(row: Pick<ArtifactRow, "content_type" | "tags" | "metadata">): ArtifactKinds {
  const descriptor = descriptorOf(row);
  const named = row.tags["modality"] ?? textOf(descriptor["modality"]);
  const modality = modalities.find((each) => each === named) ?? modalityOf(row.content_type);
  const semantic = textOf(descriptor["semantic_kind"]) ?? row.tags["semantic_kind"] ?? row.tags["kind"] ?? null;
  return {
    semantic_kind: semantic ?? modality,
    render_kind: textOf(descriptor["render_kind"]) ?? row.tags["render_kind"] ?? renderKind(row.content_type, modality),
    modality,
    classification_source: textOf(descriptor["semantic_kind"]) ? "descriptor" : semantic ? "tags" : "content_type",
  };
}

export function descriptorOf({ metadata }: Pick<ArtifactRow, "metadata">): JsonObject {
  return isObject(metadata["descriptor"]) ? metadata["descriptor"] : {};
}

const textTypes =
  /^application\/(?:(?:[\w.+-]+\+)?(?:json|xml|yaml)|x-ndjson|javascript|typescript|x-sh|x-yaml|toml|sql)$/;

export function modalityOf(contentType: string): Modality {
  const type = mediaType(contentType);
  const family = type.split("/", 1)[0] ?? "";
  if (family === "image" || family === "audio" || family === "video" || family === "text") return family;
  return textTypes.test(type) ? "text" : "file";
}

/** The type without its parameters, in small letters. */
export function mediaType(contentType: string): string {
  return (contentType.split(";", 1)[0] ?? "").trim().toLowerCase();
}

function renderKind(contentType: string, modality: Modality): string {
  const type = mediaType(contentType);
  if (type === "application/json" || type.endsWith("+json")) return "json";
  if (type === "text/markdown" || type === "text/html") return type.slice("text/".length);
  return type === "application/pdf" ? "pdf" : modality;
}

/** A line for each tag. Searches for tags rely on all of them being among the words. */
export function tagWords(tags: Record<string, string>): string[] {
  return Object.entries(tags).map(([name, value]) => `${name}=${value}`);
}

/** As much of the metadata as a search looks through. */
const maxWords = 2000;

/** Name, kinds, tags and metadata in small letters: what a search for a text looks through. */
export function artifactWords(row: ArtifactRow): string {
  const words: string[] = [];
  collect(row.metadata, words);
  const about = [row.artifact_id, row.run_id ?? "", row.content_type, ...tagWords(row.tags)];
  return [...about, words.join("\n").slice(0, maxWords)].join("\n").toLowerCase();
}

function collect(value: Value, words: string[]): void {
  if (words.length > 200) return;
  if (typeof value === "string") words.push(value.slice(0, 300));
  else if (typeof value === "number") words.push(String(value));
  else if (Array.isArray(value)) for (const item of value) collect(item, words);
  else if (isObject(value)) for (const item of Object.values(value)) collect(item, words);
}

function textOf(value: Value | undefined): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
