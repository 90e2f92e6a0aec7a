import { afterAll, describe, expect, test } from "bun:test";
import type { AppError } from "#core/errors.ts";
import { type JsonObject, PyFloat } from "#core/value.ts";
import { rejection } from "#fixtures/rejection.ts";
import { startSearchSite } from "#fixtures/search-site.ts";
import { startWebSite } from "#fixtures/web-site.ts";
import type { SearchSettings } from "#tools/web/search-provider.ts";
import { createWebTools } from "#tools/web/web-tools.ts";

const site = startWebSite();
const searches = startSearchSite();
afterAll(() => Promise.all([site.close(), searches.close()]));

const run = { run_id: "r", root_run_id: "r", session_id: null, runtime_id: "default", actor_id: null };
const allow = [`127.0.0.1:${site.port}`];
const duckduckgo: SearchSettings = { provider: "duckduckgo", baseUrl: `${searches.origin}/html/` };

function call(name: string, args: JsonObject, search = duckduckgo): Promise<any> {
  const tool = createWebTools({ allow, search }).find((each) => each.name === name);
  return tool!.run(args, { run, workspace: null, signal: new AbortController().signal });
}
const failure = async (...args: Parameters<typeof call>) => (await rejection(call(...args))) as AppError;

test("the web tools run at once and may run again", () => {
  const tools = createWebTools();
  expect(tools.map(({ name }) => name)).toEqual(["web_search", "skim_websearch", "skim_url", "fetch_url"]);
  for (const tool of tools) expect(tool).toMatchObject({ toolset: "web", approval: "auto", replay: "safe" });
});

describe("fetch_url", () => {
  test("answers a page raw and readable, and where it came from", async () => {
    const url = `${site.origin}/redirect?to=/article`;
    const result = await call("fetch_url", { url });
    expect(result).toMatchObject({
      success: true,
      url,
      final_url: `${site.origin}/article`,
      status: 200,
      content_type: "text/html; charset=utf-8",
      truncated: false,
    });
    expect(result.raw_text).toContain("<h1>Lighthouses</h1>");
    expect(result.normalized_text).toStartWith("# Lighthouses\n\nThe first **lamp**");
    expect(result.normalized_text).toContain(`[the oil](${site.origin}/oil?a=1)`);
    expect(result.rendered).toContain(`URL: ${site.origin}/article\nStatus: 200\n`);
    expect(result.rendered).toContain("# Lighthouses");
  });

  test("cuts where it is asked to and says so", async () => {
    const result = await call("fetch_url", { url: `${site.origin}/article`, max_chars: new PyFloat(200) });
    expect(result.normalized_text).toHaveLength(200);
    expect(result.truncated).toBe(true);
    expect(result.rendered).toEndWith("(cut here: there is more)");
  });

  test("leaves links out", async () => {
    const result = await call("fetch_url", { url: `${site.origin}/article`, keep_links: false });
    expect(result.normalized_text).toContain("See the oil.");
  });

  test("reads the charset of the server", async () => {
    expect((await call("fetch_url", { url: `${site.origin}/latin1` })).normalized_text).toBe("café");
  });

  test("answers JSON as it is", async () => {
    expect((await call("fetch_url", { url: `${site.origin}/json` })).normalized_text).toBe('{"lamp":true}');
  });

  test("says what is no text instead of showing bytes", async () => {
    const result = await call("fetch_url", { url: `${site.origin}/image` });
    expect(result).toMatchObject({ raw_text: null, normalized_text: null, content_type: "image/png", size_bytes: 6 });
    expect(result.rendered).toContain("(image/png, 6 bytes: not a text)");
  });

  test("answers a missing page as a failure with its text", async () => {
    const result = await call("fetch_url", { url: `${site.origin}/nowhere` });
    expect(result).toMatchObject({ success: false, status: 404, normalized_text: "# Nothing here" });
    expect(result.error).toBe(`${site.origin}/nowhere answered with HTTP status 404`);
  });

  test("stops reading a page without end", async () => {
    expect(await call("fetch_url", { url: `${site.origin}/endless` })).toMatchObject({ truncated: true });
  });

  test("refuses what lies inside the network", async () => {
    expect(await failure("fetch_url", { url: "http://127.0.0.1:1/" })).toMatchObject({ code: "forbidden" });
    expect(await failure("fetch_url", { url: `${searches.origin}/html/` })).toMatchObject({ code: "forbidden" });
  });

  test.each([
    [{}, '"url" must be a text'],
    [{ url: "" }, '"url" must be a text'],
    [{ url: 5 }, '"url" must be a text'],
    [{ url: "no url" }, "is not a URL"],
    [{ url: "http://a.test/", max_chars: "many" }, '"max_chars" must be a number'],
    [{ url: "http://a.test/", keep_links: "perhaps" }, '"keep_links" must be true or false'],
  ])("refuses %p", async (args, sentence) => {
    const error = await failure("fetch_url", args);
    expect(error.code).toBe("invalid_request");
    expect(error.message).toContain(sentence);
  });
});

describe("skim_url", () => {
  test("answers title, description, headings and a beginning", async () => {
    const result = await call("skim_url", { url: `${site.origin}/article.gz`, max_chars: 100 });
    expect(result).toMatchObject({
      title: "Lighthouses & keepers",
      description: "How a lamp was kept burning.",
      headings: ["# Lighthouses", "## Keepers"],
      status: 200,
    });
    expect(result.excerpt).toStartWith("The first **lamp** burned oil. See the oil.");
    expect(result.excerpt.length).toBeLessThanOrEqual(101);
    expect(result.rendered).toStartWith(`Lighthouses & keepers\n${site.origin}/article.gz\n\nHow a lamp`);
  });

  test("answers the beginning of a plain text", async () => {
    expect(await call("skim_url", { url: `${site.origin}/latin1` })).toMatchObject({ title: null, excerpt: "café" });
  });

  test("fails for a missing page", async () => {
    expect((await failure("skim_url", { url: `${site.origin}/nowhere` })).message).toContain("HTTP status 404");
  });
});

describe("web_search", () => {
  test("reads DuckDuckGo's page without advertisements and counters", async () => {
    const result = await call("web_search", { query: " lamp ", time_range: "week" });
    expect(result).toMatchObject({ engine: "duckduckgo", query: "lamp" });
    expect(result.results).toHaveLength(2);
    expect(result.results[0]).toMatchObject({
      rank: 1,
      title: "Lighthouse & keeper",
      url: "https://lights.test/a?b=c&d=e",
    });
    expect(result.results[0].snippet).toStartWith("How the lamp burned. More.");
    expect(result.results[1]).toEqual({
      rank: 2,
      title: "Second",
      url: "https://second.test/",
      snippet: "Plain link.",
    });
    expect(result.rendered).toContain("2. Second\n   https://second.test/\n   Plain link.");
    expect(Object.fromEntries(searches.requests.at(-1)!.url.searchParams)).toEqual({ q: "lamp", df: "w" });
  });

  test("answers as many as are wanted", async () => {
    expect((await call("web_search", { query: "lamp", num_results: "1" })).results).toHaveLength(1);
  });

  const searxng: SearchSettings = { provider: "searxng", baseUrl: `${searches.origin}/searxng/`, apiKey: "key" };
  const brave: SearchSettings = { provider: "brave", baseUrl: `${searches.origin}/brave`, apiKey: "key" };

  test("asks SearXNG", async () => {
    const { results } = await call("web_search", { query: "lamp", time_range: "day" }, searxng);
    expect(results).toEqual([
      { rank: 1, title: "Lighthouse", url: "https://lights.test/", snippet: "How the lamp burned." },
      { rank: 2, title: "https://untitled.test/", url: "https://untitled.test/", snippet: "" },
    ]);
    const { url, headers } = searches.requests.at(-1)!;
    expect(Object.fromEntries(url.searchParams)).toEqual({ q: "lamp", format: "json", time_range: "day" });
    expect(headers.get("authorization")).toBe("Bearer key");
  });

  test("asks Brave", async () => {
    const { results } = await call("web_search", { query: "lamp", time_range: "month", num_results: 30 }, brave);
    expect(results).toEqual([
      { rank: 1, title: "Lighthouse", url: "https://lights.test/", snippet: "How the lamp & oil burned." },
    ]);
    const { url, headers } = searches.requests.at(-1)!;
    expect(Object.fromEntries(url.searchParams)).toEqual({ q: "lamp", count: "20", freshness: "pm" });
    expect(headers.get("x-subscription-token")).toBe("key");
  });

  test.each([duckduckgo, searxng, brave])("finding nothing is an answer of %p", async (search) => {
    const result = await call("web_search", { query: "nothing" }, search);
    expect(result).toMatchObject({ results: [], rendered: 'No results for "nothing".' });
  });

  test.each([
    [duckduckgo, "challenge", "DuckDuckGo refuses the search with HTTP status 202: it takes us for a robot"],
    [duckduckgo, "refuse", "DuckDuckGo refuses the search with HTTP status 429: too many searches in a short time"],
    [
      searxng,
      "forbidden",
      "SearXNG refuses the search with HTTP status 403: its settings may not allow the format json",
    ],
    [searxng, "broken", "SearXNG answered with something that is not a JSON object"],
    [brave, "forbidden", "Brave Search refuses the search with HTTP status 403: the key may be wrong"],
    [brave, "broken", "Brave Search answered with something that is not a JSON object"],
  ])("%p: %s", async (search, query, sentence) => {
    const error = await failure("web_search", { query }, search);
    expect(error).toMatchObject({ code: "unavailable", message: sentence });
  });

  test("refuses a range of time that does not exist", async () => {
    expect((await failure("web_search", { query: "lamp", time_range: "eon" })).message).toContain("time_range");
  });
});

test("skim_websearch answers a short list", async () => {
  const result = await call("skim_websearch", { query: "lamp" });
  expect(result.results[0]).toEqual({ title: "Lighthouse & keeper", url: "https://lights.test/a?b=c&d=e" });
  expect(result.rendered.length).toBeLessThan(400);
});
