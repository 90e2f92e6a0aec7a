import { type ReplySettings, replyText } from "#http/route-context.ts";

/** Whether a client has the version already: RFC 9110 13.1.2, a list of tags, compared without their weakness. */
export function hasTag(header: string | null, etag: string): boolean {
  if (header === null) return false;
  const tags = header.split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  return tags.includes(etag) || tags.includes("*");
}

/**
 * A JSON reply that a client which has it already, and says so, gets as 304 without a body. Browsers do by themselves; nobody between may keep it.
 */
export function taggedReply(
  request: Request,
  set: ReplySettings,
  { tag, text }: { tag: string; text: string },
): string | Response {
  const headers = { etag: `"${tag}"`, "cache-control": "private, no-cache" };
  if (hasTag(request.headers.get("if-none-match"), headers.etag)) return new Response(null, { status: 304, headers });
  Object.assign(set.headers, headers);
  return replyText(set, text);
}

/** A tag for what is made quickly and is not large. */
export function tagOf(text: string): string {
  return Bun.hash(text).toString(36);
}
