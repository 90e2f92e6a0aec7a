import type { Wait } from "#core/run.ts";
import { callsOf, choiceLabel, isConsent } from "#http/answer-form.ts";

const style = `:root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:2rem auto;padding:0 1rem}
.text{white-space:pre-wrap;overflow-wrap:anywhere}pre{white-space:pre-wrap;overflow-wrap:anywhere;border:1px solid;padding:.5rem;border-radius:.3rem}
button,textarea,input{font:inherit;padding:.5rem .8rem;margin:.3rem .3rem .3rem 0}textarea,input{width:100%;box-sizing:border-box}
.problem{font-weight:bold}`;

/** No script, nothing from elsewhere, and the form goes only back to where it came from. */
function policy(): string {
  const digest = new Bun.CryptoHasher("sha256").update(style).digest("base64");
  return [
    "default-src 'none'",
    `style-src 'sha256-${digest}'`,
    "img-src data:",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join("; ");
}

/** The question with what it takes to answer it. */
export function formPage(wait: Wait, status: number, problem: string | null): Response {
  const note = problem === null ? "" : `<p class="problem" role="alert">${escaped(problem)}</p>`;
  const fields = isConsent(wait) ? consentFields(wait) : questionFields(wait);
  return page(status, `${note}<form method="post">${fields}</form>`);
}

export function messagePage(status: number, text: string): Response {
  return page(status, `<p>${escaped(text)}</p>`);
}

function consentFields(wait: Wait): string {
  const calls = callsOf(wait).map(
    ({ name, input }) => `<h2>${escaped(name)}</h2><pre>${escaped(clipped(JSON.stringify(input, null, 2)))}</pre>`,
  );
  return `<h1>The workflow wants to use tools</h1>${calls.join("")}
<p><button name="decision" value="approve">Allow</button><button name="decision" value="deny">Deny</button></p>
<p><label>Reason, if you deny it <input name="reason" maxlength="1000"></label></p>`;
}

function questionFields(wait: Wait): string {
  const choices = (wait.choices ?? []).map(choiceLabel);
  const buttons = choices.map(
    (choice) => `<button name="choice" value="${escaped(choice)}">${escaped(choice)}</button>`,
  );
  const isFree = choices.length === 0 || wait.allow_free_text;
  const text = `<p><label>Answer <textarea name="response" rows="5" maxlength="20000"></textarea></label></p><p><button>Send</button></p>`;
  return `<h1>The workflow asks</h1><p class="text">${escaped(clipped(wait.prompt ?? "It waits for an answer."))}</p>
<p>${buttons.join("")}</p>${isFree ? text : ""}`;
}

const maxShownChars = 20_000;

function clipped(text: string): string {
  return text.length > maxShownChars ? `${text.slice(0, maxShownChars)}…` : text;
}

function page(status: number, body: string): Response {
  const html = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><title>AbstractGateway</title><link rel="icon" href="data:,"><style>${style}</style></head>
<body><main>${body}</main></body></html>
`;
  return new Response(html, {
    status,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": policy(),
      "cache-control": "no-store",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
    },
  });
}

function escaped(text: string): string {
  return Bun.escapeHTML(text);
}
