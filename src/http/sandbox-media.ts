import { AppError } from "#core/errors.ts";
import { type JsonObject, isObject } from "#core/value.ts";
import { type Attached, attach } from "#effects/media/attach.ts";
import { guessedType } from "#effects/media/content-type.ts";
import { type GivenMedia, maxMediaBytes } from "#effects/media/given-media.ts";
import { artifactOrNotFound } from "#http/artifact-refs.ts";
import type { Services } from "#http/services.ts";
import type { Message, Provider } from "#models/provider.ts";

const maxTextBytes = 120_000;

/** The messages with artifacts of the caller's runtime. AppErrors of `artifactOrNotFound`, and `invalid_request` for what names none. */
export async function attachArtifacts(
  services: Services,
  messages: Message[],
  { attachments, provider, model }: { attachments: JsonObject[]; provider: Provider; model: string },
): Promise<Attached> {
  const given: GivenMedia[] = [];
  for (const each of attachments) given.push(await readArtifact(services, each));
  return attach(messages, given, { accepts: provider.accepts, model: `${provider.id}/${model}`, maxTextBytes });
}

async function readArtifact({ ledger, blobs }: Services, ref: JsonObject): Promise<GivenMedia> {
  const nested = isObject(ref["artifact"]) ? ref["artifact"] : ref;
  const id = nested["$artifact"] ?? nested["artifact_id"];
  if (typeof id !== "string") throw new AppError("invalid_request", "An attachment here is a reference to an artifact");
  const { blob_id, content_type, size_bytes: sizeBytes, tags } = await artifactOrNotFound(ledger, id);
  const name = tags["filename"] ?? id;
  const bytes = sizeBytes > maxMediaBytes ? null : await blobs.get(blob_id);
  if (bytes === null && sizeBytes <= maxMediaBytes) {
    throw new AppError("gone", `The content of artifact '${id}' is missing`);
  }
  return { artifactId: id, name, contentType: guessedType(content_type, name), sizeBytes, bytes };
}
