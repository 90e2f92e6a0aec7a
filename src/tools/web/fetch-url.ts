import type { JsonObject } from "#core/value.ts";
import type { Tool } from "#tools/tool.ts";
import { countOr, flagOr, requiredText } from "#tools/web/arguments.ts";
import type { GuardedFetch, GuardedResponse } from "#tools/web/guarded-fetch.ts";
import { htmlToMarkdown } from "#tools/web/html-markdown.ts";
import { parseHtml } from "#tools/web/html-tree.ts";
import { contentTypeOf, isHtml, textOfResponse } from "#tools/web/web-page.ts";

const maxBytes = 1024 * 1024;
const requestTimeoutMs = 30_000;
const characters = { min: 200, max: 400_000, default: 40_000 };

/** `{success, url, final_url, status, content_type, size_bytes, raw_text, normalized_text, rendered, truncated}`. */
export function fetchUrlTool(guardedFetch: GuardedFetch): Tool {
  return {
    name: "fetch_url",
    description: "Reads a web page or a text file at an http or https URL; pages come as Markdown.",
    when_to_use: "When the address is known and its content is needed. skim_url is enough to see what a page is about.",
    toolset: "web",
    parameters: {
      url: { type: "string", description: "The http or https URL." },
      max_chars: {
        type: "integer",
        description: "Longest text that is answered, in characters.",
        default: characters.default,
      },
      keep_links: { type: "boolean", description: "Show where the links of a page go.", default: true },
    },
    examples: [{ url: "https://example.com/guide" }],
    synonyms: { url: ["uri", "link", "href", "address"], max_chars: ["max_length", "limit"] },
    approval: "auto",
    replay: "safe",
    timeoutMs: requestTimeoutMs + 5_000,
    async run(args, { signal }) {
      const url = requiredText(args, "url");
      const options = { maxChars: countOr(args, "max_chars", characters), keepLinks: flagOr(args, "keep_links", true) };
      const response = await guardedFetch(url, { signal, maxBytes, timeoutMs: requestTimeoutMs });
      return describe(response, options);
    },
  };
}

function describe(response: GuardedResponse, options: { maxChars: number; keepLinks: boolean }): JsonObject {
  const { url, finalUrl, status, headers, body } = response;
  const raw = textOfResponse(response);
  const normalized = raw === null ? null : normalize(raw, response, options.keepLinks);
  const shown = normalized?.slice(0, options.maxChars) ?? null;
  const truncated = response.truncated || (shown !== null && shown.length < (normalized?.length ?? 0));
  const contentType = headers.get("content-type");
  const success = status < 400;
  return {
    success,
    ...(success ? {} : { error: `${finalUrl} answered with HTTP status ${status}` }),
    url,
    final_url: finalUrl,
    status,
    content_type: contentType,
    size_bytes: body.length,
    raw_text: raw,
    normalized_text: shown,
    rendered: [
      `URL: ${finalUrl}`,
      `Status: ${status}`,
      `Content-Type: ${contentType ?? "unknown"}`,
      "",
      shown ?? `(${contentTypeOf(headers) || "binary data"}, ${body.length} bytes: not a text)`,
      ...(truncated ? ["", "(cut here: there is more)"] : []),
    ].join("\n"),
    truncated,
  };
}

function normalize(raw: string, { headers, finalUrl }: GuardedResponse, keepLinks: boolean): string {
  if (isHtml(headers, raw)) return htmlToMarkdown(parseHtml(raw), { baseUrl: finalUrl, keepLinks });
  return raw.replaceAll("\r\n", "\n").trim();
}
