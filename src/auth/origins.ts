/** True when an `Origin` header is one of the configured ones. */
export type OriginCheck = (origin: string) => boolean;

/** Patterns are exact origins, `*`, or case-sensitive globs with `*`, `?` and `[…]`. */
export function createOriginCheck(patterns: readonly string[]): OriginCheck {
  const kept = patterns.map((pattern) => pattern.trim()).filter((pattern) => pattern !== "");
  if (kept.includes("*")) return () => true;
  const exact = new Set(kept);
  const globs = kept.filter((pattern) => /[*?[]/.test(pattern)).map(globExpression);
  return (origin) => exact.has(origin) || globs.some((glob) => glob.test(origin));
}

/**
 * `*` stops at a slash so that a pattern cannot match a path or a second authority, and at `@` and whitespace, which no serialised origin
 * holds. After a colon it stands for a port, so that `http://localhost:*` does not match `http://localhost:1.example`.
 */
function globExpression(pattern: string): RegExp {
  let text = "";
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern.charAt(at);
    if (char === "*") text += pattern[at - 1] === ":" ? "\\d*" : "[^/@\\s]*";
    else if (char === "?") text += "[^/@\\s]";
    else if (char === "[") {
      const end = pattern.indexOf("]", at + 2);
      if (end < 0) text += "\\[";
      else {
        text += characterClass(pattern.slice(at + 1, end));
        at = end;
      }
    } else text += char.replace(/[\\^$.|+(){}\]]/g, "\\$&");
  }
  return new RegExp(`^${text}$`);
}

function characterClass(body: string): string {
  const negated = body.startsWith("!");
  return `[${negated ? "^" : ""}${(negated ? body.slice(1) : body).replace(/[\\[\]^]/g, "\\$&")}]`;
}
