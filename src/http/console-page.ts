/** The web console as it lies in the executable: compressed files by name, and which of them the page names. */
export interface ConsoleFiles {
  manifest: ConsoleManifest;
  /** Paths of the compressed files by the name they are asked for. */
  paths: Record<string, string>;
}

export interface ConsoleManifest {
  script: string;
  theme: string;
  style: string;
  fonts: string[];
  /** Scripts that the first one imports at once. */
  imported: string[];
}

/** What the page has to know before it can ask. */
export interface ConsoleFacts {
  /** How people come in: `open` asks for nothing. */
  signIn: "users" | "token" | "open";
  csrfCookie: string;
  csrfHeader: string;
  version: string;
}

/** Addresses are relative, so that the page works below any prefix of a proxy. */
export function consolePage({ script, theme, style, fonts, imported }: ConsoleManifest, facts: ConsoleFacts): string {
  const fact = (name: string, value: string) => `<meta name="gateway-${name}" content="${escapeHtml(value)}">`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
${fact("sign-in", facts.signIn)}
${fact("csrf-cookie", facts.csrfCookie)}
${fact("csrf-header", facts.csrfHeader)}
${fact("version", facts.version)}
<title>AbstractGateway</title>
<link rel="icon" href="data:image/svg+xml,${encodeURIComponent(icon)}">
<link rel="stylesheet" href="console/${style}">
<script src="console/${theme}"></script>
${fonts.map((font) => `<link rel="preload" as="font" type="font/woff2" crossorigin href="console/${font}">`).join("\n")}
${imported.map((name) => `<link rel="modulepreload" href="console/${name}">`).join("\n")}
<script type="module" src="console/${script}"></script>
</head>
<body>
<div id="console"></div>
<noscript>The console needs JavaScript. Everything it does can be done with the command line and the HTTP API, too.</noscript>
</body>
</html>
`;
}

/** The mark: a ledger line that branches. */
const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#0f766e"/><path d="M9 7v18M9 13c8 0 5 6 13 6" fill="none" stroke="#fff" stroke-width="2.6" stroke-linecap="round"/><circle cx="9" cy="7" r="2.6" fill="#fff"/><circle cx="22" cy="19" r="2.6" fill="#fff"/></svg>`;

/** Nothing from elsewhere, no script in the page, no style in the page; artifacts are shown from memory, in frames without rights. */
export const consolePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "font-src 'self'",
  "img-src 'self' data: blob:",
  "media-src 'self' blob:",
  "frame-src blob:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
