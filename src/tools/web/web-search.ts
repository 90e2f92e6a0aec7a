import { AppError } from "#core/errors.ts";
import type { JsonObject } from "#core/value.ts";
import type { Tool, ToolParameter } from "#tools/tool.ts";
import { countOr, requiredText } from "#tools/web/arguments.ts";
import type { SearchHit, SearchProvider, TimeRange } from "#tools/web/search-provider.ts";
import { excerptOf } from "#tools/web/web-page.ts";

const timeRanges = ["day", "week", "month", "year"] as const;
const resultCount = { min: 1, max: 30, default: 10 };
const skimCount = { min: 1, max: 30, default: 5 };
const skimSnippetLength = 140;

/** `{engine, query, results: [{rank, title, url, snippet}], rendered}`. */
export function webSearchTool(provider: SearchProvider): Tool {
  return {
    ...searchTool("web_search", resultCount.default),
    description: "Searches the web and answers titles, addresses and snippets.",
    when_to_use: "When something must be found on the web. Read a result with fetch_url.",
    async run(args, { signal }) {
      const { query, hits } = await search(provider, args, { limits: resultCount, signal });
      const results = hits.map((hit, index) => ({ rank: index + 1, ...hit }));
      return { engine: provider.name, query, results, rendered: render(query, hits) };
    },
  };
}

/** A list in a few lines: `{engine, query, results: [{title, url}], rendered}`. */
export function skimWebsearchTool(provider: SearchProvider): Tool {
  return {
    ...searchTool("skim_websearch", skimCount.default),
    description: "Searches the web and answers a short list: titles, addresses and a few words each.",
    when_to_use: "For a quick look at what is there, with less text than web_search.",
    async run(args, { signal }) {
      const { query, hits } = await search(provider, args, { limits: skimCount, signal });
      const short = hits.map((hit) => ({ ...hit, snippet: excerptOf(hit.snippet, skimSnippetLength) }));
      const results = hits.map(({ title, url }) => ({ title, url }));
      return { engine: provider.name, query, results, rendered: render(query, short) };
    },
  };
}

function searchTool(name: string, defaultCount: number): Omit<Tool, "description" | "run"> {
  const parameters: Record<string, ToolParameter> = {
    query: { type: "string", description: "What to look for, as one would type it into a search engine." },
    num_results: { type: "integer", description: "How many results at most.", default: defaultCount },
    time_range: {
      type: "string",
      description: "Only results as new as this; empty for all.",
      enum: ["", ...timeRanges],
      default: "",
    },
  };
  return {
    name,
    toolset: "web",
    parameters,
    examples: [{ query: "history of lighthouses" }],
    synonyms: { query: ["q", "search", "text", "search_query"], num_results: ["limit", "count", "max_results", "n"] },
    approval: "auto",
    replay: "safe",
    timeoutMs: 25_000,
  };
}

async function search(
  provider: SearchProvider,
  args: JsonObject,
  { limits, signal }: { limits: typeof resultCount; signal: AbortSignal },
): Promise<{ query: string; hits: SearchHit[] }> {
  const query = requiredText(args, "query");
  const maxResults = countOr(args, "num_results", limits);
  const hits = await provider.search({ text: query, timeRange: timeRangeOf(args["time_range"]), maxResults }, signal);
  return { query, hits };
}

function timeRangeOf(value: unknown): TimeRange | null {
  if (value === undefined || value === null || value === "") return null;
  const found = timeRanges.find((range) => range === value);
  if (found) return found;
  throw new AppError("invalid_request", `the argument "time_range" must be one of ${timeRanges.join(", ")}`);
}

function render(query: string, hits: SearchHit[]): string {
  if (hits.length === 0) return `No results for "${query}".`;
  return hits
    .map(
      ({ title, url, snippet }, index) => `${index + 1}. ${title}\n   ${url}${snippet === "" ? "" : `\n   ${snippet}`}`,
    )
    .join("\n");
}
