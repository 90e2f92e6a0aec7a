import { AppError } from "#core/errors.ts";
import type { Tool } from "#tools/tool.ts";
import { countOr, requiredText } from "#tools/web/arguments.ts";
import type { GuardedFetch, GuardedResponse } from "#tools/web/guarded-fetch.ts";
import {
  type PageSummary,
  contentTypeOf,
  excerptOf,
  isHtml,
  summarizeHtml,
  textOfResponse,
} from "#tools/web/web-page.ts";

const maxBytes = 512 * 1024;
const requestTimeoutMs = 20_000;
const excerptLength = { min: 100, max: 4000, default: 600 };

/** `{url, final_url, status, content_type, title, description, headings[], excerpt, rendered}`. */
export function skimUrlTool(guardedFetch: GuardedFetch): Tool {
  return {
    name: "skim_url",
    description: "Shows what a web page is about: its title, description, headings and the beginning of its text.",
    when_to_use: "To decide whether a page is worth reading with fetch_url.",
    toolset: "web",
    parameters: {
      url: { type: "string", description: "The http or https URL." },
      max_chars: {
        type: "integer",
        description: "Length of the beginning that is shown, in characters.",
        default: excerptLength.default,
      },
    },
    examples: [{ url: "https://example.com/guide" }],
    synonyms: { url: ["uri", "link", "href", "address"], max_chars: ["max_length", "limit"] },
    approval: "auto",
    replay: "safe",
    timeoutMs: requestTimeoutMs + 5_000,
    async run(args, { signal }) {
      const url = requiredText(args, "url");
      const maxChars = countOr(args, "max_chars", excerptLength);
      const response = await guardedFetch(url, { signal, maxBytes, timeoutMs: requestTimeoutMs });
      const { finalUrl, status, headers } = response;
      if (status >= 400) throw new AppError("unavailable", `${finalUrl} answered with HTTP status ${status}`);
      const summary = summarize(response, maxChars);
      return {
        url,
        final_url: finalUrl,
        status,
        content_type: headers.get("content-type"),
        ...summary,
        rendered: render(finalUrl, summary),
      };
    },
  };
}

function summarize(response: GuardedResponse, maxChars: number): PageSummary {
  const text = textOfResponse(response);
  if (text !== null && isHtml(response.headers, text))
    return summarizeHtml(text, { url: response.finalUrl, excerptLength: maxChars });
  const what = `(${contentTypeOf(response.headers) || "binary data"}: not a text)`;
  return { title: null, description: null, headings: [], excerpt: text === null ? what : excerptOf(text, maxChars) };
}

function render(url: string, { title, description, headings, excerpt }: PageSummary): string {
  return [
    title === null ? url : `${title}\n${url}`,
    description ?? "",
    headings.length > 0 ? `Headings:\n${headings.join("\n")}` : "",
    excerpt,
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}
