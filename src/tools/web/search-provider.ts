import { AppError } from "#core/errors.ts";
import { parseJson } from "#core/json.ts";
import { type JsonObject, isObject } from "#core/value.ts";
import type { GuardedFetch, GuardedRequest, GuardedResponse } from "#tools/web/guarded-fetch.ts";
import { find, findAll, hasClass, parseHtml, textOf } from "#tools/web/html-tree.ts";
import { textOfResponse } from "#tools/web/web-page.ts";

/** Where searches go. `baseUrl` is the operator's, so it may lie inside the network. */
export type SearchSettings =
  | { provider: "duckduckgo"; baseUrl?: string }
  | { provider: "searxng"; baseUrl: string; apiKey?: string }
  | { provider: "brave"; baseUrl?: string; apiKey: string };

export type TimeRange = "day" | "week" | "month" | "year";
export interface SearchQuery {
  text: string;
  timeRange: TimeRange | null;
  maxResults: number;
}
export interface SearchHit {
  title: string;
  url: string;
  snippet: string;
}

/** AppErrors of the fetch, and `unavailable` with the provider's reason when it refuses or its answer cannot be read. */
export interface SearchProvider {
  name: SearchSettings["provider"];
  search(query: SearchQuery, signal: AbortSignal): Promise<SearchHit[]>;
}

const timeoutMs = 20_000;
const baseUrls = {
  duckduckgo: "https://html.duckduckgo.com/html/",
  brave: "https://api.search.brave.com/res/v1/web/search",
};

/** The base URL that a provider is asked at. */
export function searchBaseUrl(settings: SearchSettings): string {
  return settings.provider === "searxng" ? settings.baseUrl : (settings.baseUrl ?? baseUrls[settings.provider]);
}

export function createSearchProvider(settings: SearchSettings, guardedFetch: GuardedFetch): SearchProvider {
  const ask = askers[settings.provider];
  return {
    name: settings.provider,
    async search(query, signal) {
      const { url, request, parse } = ask(settings, query);
      const response = await guardedFetch(url, { ...request, signal, timeoutMs });
      const hits = parse(response);
      return hits.filter(({ url }) => /^https?:\/\//i.test(url)).slice(0, query.maxResults);
    },
  };
}

interface Question {
  url: string;
  request: GuardedRequest;
  parse(response: GuardedResponse): SearchHit[];
}

const askers: Record<SearchSettings["provider"], (settings: SearchSettings, query: SearchQuery) => Question> = {
  duckduckgo: askDuckDuckGo,
  searxng: askSearxng,
  brave: askBrave,
};

function withQuery(baseUrl: string, fields: Record<string, string | null>): string {
  const url = new URL(baseUrl);
  for (const [name, value] of Object.entries(fields)) if (value !== null) url.searchParams.set(name, value);
  return url.href;
}

/** The page that DuckDuckGo makes for browsers without scripts. */
function askDuckDuckGo(settings: SearchSettings, { text, timeRange }: SearchQuery): Question {
  return {
    url: withQuery(searchBaseUrl(settings), { q: text, df: timeRange?.slice(0, 1) ?? null }),
    request: { headers: { accept: "text/html", "accept-language": "en" } },
    parse(response) {
      const root = parseHtml(textOfResponse(response) ?? "");
      const isChallenge = find(root, ({ attributes }) => /\banomaly/.test(attributes["class"] ?? "")) !== null;
      // 202 is how it says no to programs: the page then holds a puzzle.
      if (response.status !== 200 || isChallenge)
        throw refusal("DuckDuckGo", response.status, isChallenge ? "it takes us for a robot" : "");
      const isResultPage = find(root, (each) => each.attributes["id"] === "links" || hasClass(each, "no-results"));
      if (!isResultPage)
        throw new AppError("unavailable", "DuckDuckGo answered with something that is not a page of results");
      const hits = findAll(root, (element) => hasClass(element, "result") && !hasClass(element, "result--ad"));
      return hits.flatMap((element) => {
        const link = find(element, (inner) => hasClass(inner, "result__a"));
        const snippet = find(element, (inner) => hasClass(inner, "result__snippet"));
        const url = targetOfDuckDuckGo(link?.attributes["href"] ?? "");
        return link && url ? [{ title: textOf(link), url, snippet: snippet ? textOf(snippet) : "" }] : [];
      });
    },
  };
}

/** Its links go through a counter: `//duckduckgo.com/l/?uddg=<the URL>`. */
function targetOfDuckDuckGo(href: string): string | null {
  const url = URL.parse(href, "https://duckduckgo.com/");
  return url && (url.pathname === "/l/" ? url.searchParams.get("uddg") : url.href);
}

function askSearxng(settings: SearchSettings, { text, timeRange }: SearchQuery): Question {
  const base = searchBaseUrl(settings).replace(/\/+$/, "");
  const key = settings.provider === "searxng" ? settings.apiKey : undefined;
  return {
    url: withQuery(base.endsWith("/search") ? base : `${base}/search`, {
      q: text,
      format: "json",
      time_range: timeRange,
    }),
    request: { headers: { accept: "application/json", ...(key ? { authorization: `Bearer ${key}` } : {}) } },
    parse(response) {
      const hint = response.status === 403 ? "its settings may not allow the format json" : "";
      const results = jsonOf("SearXNG", response, hint)["results"];
      return listOf(results).map((hit) => hitOf(hit, "content"));
    },
  };
}

function askBrave(settings: SearchSettings, { text, timeRange, maxResults }: SearchQuery): Question {
  const key = settings.provider === "brave" ? settings.apiKey : "";
  return {
    url: withQuery(searchBaseUrl(settings), {
      q: text,
      // Its limit.
      count: String(Math.min(20, maxResults)),
      freshness: timeRange && `p${timeRange.slice(0, 1)}`,
    }),
    request: { headers: { accept: "application/json", "x-subscription-token": key } },
    parse(response) {
      const hint = [401, 403, 422].includes(response.status) ? "the key may be wrong" : "";
      const web = jsonOf("Brave Search", response, hint)["web"];
      return listOf(isObject(web) ? web["results"] : []).map((hit) => hitOf(hit, "description"));
    },
  };
}

function jsonOf(name: string, response: GuardedResponse, hint: string): JsonObject {
  if (response.status !== 200) throw refusal(name, response.status, hint);
  try {
    const body = parseJson(new TextDecoder().decode(response.body));
    if (isObject(body)) return body;
  } catch {
    // Told below, together with JSON that is no object.
  }
  throw new AppError("unavailable", `${name} answered with something that is not a JSON object`);
}

function listOf(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** Titles and snippets come with `<strong>` around the words that were looked for. */
function hitOf(hit: JsonObject, snippetKey: string): SearchHit {
  const plain = (value: unknown) => (typeof value === "string" ? textOf(parseHtml(value)) : "");
  const url = typeof hit["url"] === "string" ? hit["url"] : "";
  return { title: plain(hit["title"]) || url, url, snippet: plain(hit[snippetKey]) };
}

function refusal(name: string, status: number, hint: string): AppError {
  const reason = hint || (status === 429 ? "too many searches in a short time" : "");
  const sentence = `${name} refuses the search with HTTP status ${status}${reason === "" ? "" : `: ${reason}`}`;
  return new AppError("unavailable", sentence, { retryable: status === 429 || status >= 500 });
}
