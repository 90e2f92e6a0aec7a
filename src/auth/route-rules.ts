import type { TokenArea } from "#core/token-scopes.ts";

/**
 * What each part of the API asks of its caller: the role `admin` (contract 2.6), and of personal access tokens a scope. Paths are those
 * below `/api/gateway`; those beside it as they are.
 */
export interface RouteRule {
  /** Named in refusals. */
  resourceClass: string;
  matches: (path: string, isWrite: boolean) => boolean;
  needsAdmin?: boolean;
  /** Area of a token's scope: `runs` asks for `runs:read` or `runs:write`. `any`: every token; `none`: no personal token at all. */
  area: TokenArea | "any" | "none" | "admin";
}

const under = (prefix: string) => (path: string) => path === prefix || path.startsWith(`${prefix}/`);
const exactly =
  (...paths: string[]) =>
  (path: string) =>
    paths.includes(path);
const writesUnder = (prefix: string) => (path: string, isWrite: boolean) => isWrite && under(prefix)(path);

function forAdmins(resourceClass: string, matches: RouteRule["matches"]): RouteRule {
  return { resourceClass, matches, needsAdmin: true, area: "admin" };
}

function inArea(area: RouteRule["area"], ...names: string[]): RouteRule[] {
  return names.map((name) => ({ resourceClass: name, matches: under(`/${name}`), area }));
}

/** The first that matches counts. */
const rules: readonly RouteRule[] = [
  ...["admin", "audit", "processes", "backlog", "triage", "reports", "email", "host", "metrics"].map((name) =>
    forAdmins(name, under(`/${name}`)),
  ),
  forAdmins("models", exactly("/models/loaded", "/models/load", "/models/unload")),
  forAdmins("workspace", under("/files")),
  forAdmins("workspace", exactly("/artifacts/import", "/attachments/ingest")),
  forAdmins("workspace", (path) => /^\/runs\/[^/]+\/artifacts\/[^/]+\/export$/.test(path)),
  forAdmins("blocs", writesUnder("/blocs")),
  forAdmins("prompt_cache", writesUnder("/prompt_cache")),
  { resourceClass: "tokens", matches: under("/me/tokens"), area: "none" },
  ...inArea("none", "session"),
  // A report is a file of the operator's, and nothing of the caller's is read for it.
  { resourceClass: "reports", matches: exactly("/bugs/report", "/features/report"), area: "runs" },
  ...inArea("any", "me", "ping", "status", "discovery", "semantics", "workspace"),
  ...inArea("runs", "runs", "commands", "schedules", "sessions", "artifacts", "attachments", "hooks", "webhooks"),
  ...inArea("bundles", "bundles", "workflows", "workflow-catalog", "visualflows"),
  ...inArea("models", "models", "prompt_cache", "blocs", "embeddings", "sandbox", "v1", "kg", "memory"),
  ...inArea("models", "audio", "voice", "vision", "images", "videos", "music"),
  ...inArea("config", "config", "providers", "tools"),
];

/** Reads that are sent with POST, because a question is too long for an address. */
const readsByPost: readonly string[] = ["/runs/ledger/batch", "/kg/query"];

/** Null for a path that no rule knows: personal tokens do not get there. */
export function ruleOf(path: string, isWrite: boolean): RouteRule | null {
  return rules.find((rule) => rule.matches(path, isWrite)) ?? null;
}

/** The scope that a personal access token needs; null when every token will do, `none` when no token does. */
export function scopeFor(path: string, isWrite: boolean): string | null {
  const area = ruleOf(path, isWrite)?.area ?? "none";
  if (area === "any") return isWrite ? "none" : null;
  if (area === "none" || area === "admin") return area;
  return `${area}:${isWrite && !readsByPost.includes(path) ? "write" : "read"}`;
}

export function hasScope(grants: readonly string[], scope: string): boolean {
  return grants.includes(scope) || (scope.endsWith(":read") && grants.includes(scope.replace(/:read$/, ":write")));
}
