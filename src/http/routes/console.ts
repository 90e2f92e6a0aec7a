import { Elysia } from "elysia";
import { pathOf } from "#http/access.ts";
import { type ConsoleFacts, type ConsoleFiles, consolePage, consolePolicy } from "#http/console-page.ts";
import type { SharedServices } from "#http/services.ts";

/**
 * The web console, and the way to it from `/`. Its files are compressed in the executable and go out as they are; their names change with
 * their contents, so a browser asks for each once. Without files (`null`) the gateway runs from its sources, and says so.
 */
export function consoleRoutes(services: SharedServices, files: ConsoleFiles | null) {
  const hidden = { detail: { hide: true } };
  const page = files && consolePage(files.manifest, factsOf(services));
  const etag = page && `"${Bun.hash(page).toString(36)}"`;
  return (
    new Elysia()
      // Relative: the browser stays below the prefix of a proxy.
      .get("/", () => redirect(307, "console"), hidden)
      .get(
        "/console",
        ({ request }) => {
          if (page === null || etag === null) return missing();
          // What the page names would be looked for one folder too deep.
          if (pathOf(request.url).endsWith("/")) return redirect(308, "../console");
          const headers = { ...pageHeaders, etag };
          if (request.headers.get("if-none-match") === etag) return new Response(null, { status: 304, headers });
          return new Response(page, { headers });
        },
        hidden,
      )
      .get("/console/:file", ({ params, request }) => asset(files, params.file, request), hidden)
  );
}

const pageHeaders = {
  "content-type": "text/html; charset=utf-8",
  "cache-control": "no-cache",
  "content-security-policy": consolePolicy,
};

function redirect(status: 307 | 308, location: string): Response {
  return new Response(null, { status, headers: { location } });
}

function missing(): Response {
  const text = "The console is part of the executable: build it with `npm run build`.\n";
  return new Response(text, { status: 404, headers: { "content-type": "text/plain; charset=utf-8" } });
}

function factsOf({ settings, people, version }: SharedServices): ConsoleFacts {
  const { enabled, protectRead, users } = settings.auth;
  const { csrfCookie, csrfHeader } = users.session;
  const signIn = people ? "users" : enabled && protectRead ? "token" : "open";
  return { signIn, csrfCookie, csrfHeader, version };
}

async function asset(files: ConsoleFiles | null, name: string, request: Request): Promise<Response> {
  const path = files && Object.hasOwn(files.paths, name) ? files.paths[name] : undefined;
  if (path === undefined) return Response.json({ detail: "Not Found" }, { status: 404 });
  const headers: Record<string, string> = {
    "content-type": types[name.slice(name.lastIndexOf("."))] ?? "application/octet-stream",
    "cache-control": "public, max-age=31536000, immutable",
    etag: `"${name}"`,
    vary: "accept-encoding",
  };
  if (request.headers.get("if-none-match") === headers["etag"]) return new Response(null, { status: 304, headers });
  const bytes = await Bun.file(path).bytes();
  if (!/\bgzip\b/.test(request.headers.get("accept-encoding") ?? "")) {
    return new Response(Bun.gunzipSync(bytes), { headers });
  }
  return new Response(bytes, { headers: { ...headers, "content-encoding": "gzip" } });
}

const types: Record<string, string> = {
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".woff2": "font/woff2",
};
