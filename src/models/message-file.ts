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

/** Without parameters such as a character set, and under its proper name. */
export function plainType(contentType: string): string {
  const type = (contentType.split(";")[0] ?? "").trim().toLowerCase();
  return type === "image/jpg" ? "image/jpeg" : type;
}

/** Pictures that every model that sees can be sent; others are refused by all of them. */
export const pictureTypes = ["image/png", "image/jpeg", "image/webp", "image/gif"];
