import type { RE2JS } from "re2js";
import { AppError } from "#core/errors.ts";

/** One place in a text, and what comes in its stead. */
export interface Replacement {
  from: number;
  to: number;
  text: string;
}

export interface Found {
  replacements: Replacement[];
  /** How many more places there are. */
  left: number;
}

const maxMatches = 100_000;
const budgetMs = 2000;

/** Places of a literal text, in order and without overlap. */
export function findLiteral(text: string, pattern: string, options: { replacement: string; limit: number }): Found {
  const replacements: Replacement[] = [];
  let left = 0;
  for (let at = text.indexOf(pattern); at >= 0; at = text.indexOf(pattern, at + pattern.length)) {
    if (replacements.length < options.limit) {
      replacements.push({ from: at, to: at + pattern.length, text: options.replacement });
    } else left += 1;
  }
  return { replacements, left };
}

/** Places of a regular expression. `\1` to `\9`, `\g<name>`, `\n` and `\t` in the replacement mean what they mean in Python. */
export async function findRegex(
  text: string,
  regex: RE2JS,
  { replacement, limit }: { replacement: string; limit: number },
): Promise<Found> {
  const deadline = performance.now() + budgetMs;
  const replacements: Replacement[] = [];
  let left = 0;
  // The quick test spares a text without a match the slow search for where it is.
  if (!regex.test(text)) return { replacements, left };
  const matcher = regex.matcher(text);
  while (matcher.find()) {
    if (replacements.length < limit) {
      const groups = (group: string) => groupOf(matcher, group);
      replacements.push({ from: matcher.start(), to: matcher.end(), text: expand(replacement, groups) });
    } else left += 1;
    if ((replacements.length + left) % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    if (performance.now() > deadline || left + replacements.length > maxMatches) {
      throw new AppError(
        "timeout",
        "The pattern takes too long on this file: make it more specific or give a range of lines",
      );
    }
  }
  return { replacements, left };
}

export function applyReplacements(text: string, replacements: readonly Replacement[]): string {
  const parts: string[] = [];
  let at = 0;
  for (const each of replacements) {
    parts.push(text.slice(at, each.from), each.text);
    at = each.to;
  }
  return parts.join("") + text.slice(at);
}

const escapes: Record<string, string> = { n: "\n", t: "\t", r: "\r", "\\": "\\" };

function expand(replacement: string, groups: (group: string) => string): string {
  return replacement.replace(
    /\\(?:g<(\w+)>|([0-9])|([ntr\\]))/g,
    (whole, named?: string, digit?: string, escape?: string) => {
      const group = named ?? digit;
      if (group !== undefined) return groups(group);
      return escape === undefined ? whole : (escapes[escape] ?? whole);
    },
  );
}

function groupOf(matcher: ReturnType<RE2JS["matcher"]>, group: string): string {
  try {
    return matcher.group(/^\d+$/.test(group) ? Number(group) : group) ?? "";
  } catch {
    throw new AppError("invalid_request", `The replacement names group '${group}', which the pattern does not have`);
  }
}
