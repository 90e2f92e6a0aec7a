/** A picture, a document or a recording that goes with a user's message. */
export interface MessageFile {
  name: string;
  /** Such as `image/png`. */
  contentType: string;
  base64: string;
}

/** Whether one of the patterns, such as `image/*` or `application/pdf`, covers the media type. */
export function isAccepted(contentType: string, patterns: readonly string[]): boolean {
  const type = plainType(contentType);
  return patterns.some((pattern) =>
    pattern.endsWith("/*") ? type.startsWith(pattern.slice(0, -1)) : type === pattern,
  );
}

/** Without parameters such as a character set. */
export function plainType(contentType: string): string {
  return (contentType.split(";")[0] ?? "").trim().toLowerCase();
}
