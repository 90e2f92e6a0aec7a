/** By ending, of what a model can be given. */
const byEnding: Record<string, string> = {
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  webp: "image/webp",
  gif: "image/gif",
  pdf: "application/pdf",
  wav: "audio/wav",
  mp3: "audio/mpeg",
  m4a: "audio/mp4",
  ogg: "audio/ogg",
  mp4: "video/mp4",
  webm: "video/webm",
  json: "application/json",
  csv: "text/csv",
  html: "text/html",
  md: "text/markdown",
  txt: "text/plain",
};

/** The type that was given, unless it says nothing; then the one that the file's name says. */
export function guessedType(contentType: string, name: string): string {
  if (contentType !== "" && contentType !== "application/octet-stream") return contentType;
  const ending = /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase() ?? "";
  return byEnding[ending] ?? "application/octet-stream";
}

const textTypes =
  /^(?:text\/|application\/(?:json|xml|yaml|x-yaml|toml|javascript|typescript|sql|x-sh|x-python|graphql|ld\+json)|.*\+(?:json|xml|yaml)$)/;

/** The text of a text file, also of one whose type nobody told. Null when it is none. */
export function textOfMedia(contentType: string, bytes: Uint8Array): string | null {
  const isUnknown = contentType === "application/octet-stream";
  if (!isUnknown && !textTypes.test(contentType)) return null;
  try {
    const text = new TextDecoder("utf-8", { fatal: isUnknown }).decode(bytes);
    return isUnknown && text.includes("\u0000") ? null : text;
  } catch {
    return null;
  }
}
