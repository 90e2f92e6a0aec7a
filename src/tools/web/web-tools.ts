import type { Tool } from "#tools/tool.ts";
import { type ResolveHost, createAddressGuard } from "#tools/web/address-guard.ts";
import { fetchUrlTool } from "#tools/web/fetch-url.ts";
import { createGuardedFetch } from "#tools/web/guarded-fetch.ts";
import { type SearchSettings, createSearchProvider, searchBaseUrl } from "#tools/web/search-provider.ts";
import { skimUrlTool } from "#tools/web/skim-url.ts";
import { skimWebsearchTool, webSearchTool } from "#tools/web/web-search.ts";

export interface WebToolOptions {
  /** Hosts that may lie inside the network, as in `AddressGuardOptions`. */
  allow?: readonly string[];
  search?: SearchSettings;
  resolve?: ResolveHost;
}

/** The tools of the toolset `web`. */
export function createWebTools({
  allow = [],
  search = { provider: "duckduckgo" },
  resolve,
}: WebToolOptions = {}): Tool[] {
  const resolver = resolve ? { resolve } : {};
  const guardedFetch = createGuardedFetch(createAddressGuard({ allow, ...resolver }));
  // A model may not ask the operator's search server for anything but searches: it is allowed to the provider only.
  const { host } = new URL(searchBaseUrl(search));
  const withPort = /:\d+$/.test(host)
    ? host
    : `${host}:${new URL(searchBaseUrl(search)).protocol === "http:" ? 80 : 443}`;
  const searchFetch = createGuardedFetch(createAddressGuard({ allow: [withPort], ...resolver }));
  const provider = createSearchProvider(search, searchFetch);
  return [webSearchTool(provider), skimWebsearchTool(provider), skimUrlTool(guardedFetch), fetchUrlTool(guardedFetch)];
}
