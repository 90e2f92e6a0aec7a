import { Elysia } from "elysia";
// @ts-expect-error -- with `type: "file"` an import is the path of the embedded file, which the compiler does not know
import bundleFile from "swagger-ui-dist/swagger-ui-bundle.js" with { type: "file" };
// @ts-expect-error -- as above
import styleFile from "swagger-ui-dist/swagger-ui.css" with { type: "file" };

const bundlePath = bundleFile as unknown as string;
const stylePath = styleFile as unknown as string;

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>AbstractGateway API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="api"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`;

const start = `SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#api",
  deepLinking: true,
  persistAuthorization: false,
  validatorUrl: null,
});
`;

/** Only what this server sends may run; styles of the viewer are set on elements, and its icons are data URLs. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** The page of the API's documentation. Everything that it needs is inside the executable. */
export function docsPage(): Response {
  return new Response(page, {
    headers: { "content-type": "text/html; charset=utf-8", "content-security-policy": policy },
  });
}

export function docsAssets() {
  const hidden = { detail: { hide: true } };
  const asset = (body: BodyInit, type: string) =>
    new Response(body, { headers: { "content-type": type, "cache-control": "no-cache" } });
  return new Elysia()
    .get("/docs/swagger-ui-bundle.js", () => asset(Bun.file(bundlePath), "text/javascript; charset=utf-8"), hidden)
    .get("/docs/swagger-ui.css", () => asset(Bun.file(stylePath), "text/css; charset=utf-8"), hidden)
    .get("/docs/start.js", () => asset(start, "text/javascript; charset=utf-8"), hidden);
}
