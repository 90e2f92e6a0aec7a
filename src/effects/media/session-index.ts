import type { Attachment } from "#artifacts/attachments.ts";

const maxEntries = 20;
const maxChars = 4000;

/** What a model is told of the attachments that it could open (contract flow-runtime 4.2). Null when there is none. */
export function sessionIndex(stored: Attachment[]): string | null {
  const lines: string[] = [];
  let left = maxChars;
  for (const { handle, artifactId, contentType, sizeBytes } of stored.slice(0, maxEntries)) {
    const line = `- ${handle} (${contentType}, ${sizeBytes} bytes, artifact_id ${artifactId})`;
    if ((left -= line.length + 1) < 0) break;
    lines.push(line);
  }
  if (lines.length === 0) return null;
  const more = stored.length - lines.length;
  const rest = more > 0 ? `\n(${more} more are not listed)` : "";
  return `Attachments stored in this session; open_attachment reads one:\n${lines.join("\n")}${rest}`;
}
