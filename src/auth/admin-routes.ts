/** What of the API needs the role `admin` (contract 2.6). Paths are those below `/api/gateway`. */
interface AdminRule {
  resourceClass: string;
  matches: (path: string, isWrite: boolean) => boolean;
}

const under = (prefix: string) => (path: string) => path === prefix || path.startsWith(`${prefix}/`);
const exactly =
  (...paths: string[]) =>
  (path: string) =>
    paths.includes(path);
const writesUnder = (prefix: string) => (path: string, isWrite: boolean) => isWrite && under(prefix)(path);

const rules: readonly AdminRule[] = [
  ...["admin", "audit", "processes", "backlog", "triage", "reports", "email", "host"].map((name) => ({
    resourceClass: name,
    matches: under(`/${name}`),
  })),
  { resourceClass: "models", matches: exactly("/models/loaded", "/models/load", "/models/unload") },
  { resourceClass: "workspace", matches: under("/files") },
  { resourceClass: "workspace", matches: exactly("/artifacts/import", "/attachments/ingest") },
  { resourceClass: "workspace", matches: (path) => /^\/runs\/[^/]+\/artifacts\/[^/]+\/export$/.test(path) },
  { resourceClass: "blocs", matches: writesUnder("/blocs") },
  { resourceClass: "prompt_cache", matches: writesUnder("/prompt_cache") },
];

/** The class of an admin-only resource, or null when any principal may use the path. */
export function adminResource(path: string, isWrite: boolean): string | null {
  return rules.find((rule) => rule.matches(path, isWrite))?.resourceClass ?? null;
}
