import { AppError } from "#core/errors.ts";

/**
 * Reads `KEY=value` lines. Comments, blank lines, `export ` and quotes (JSON escapes in double ones) are understood; nothing is expanded.
 * The last one of a key counts. AppError `invalid_request` names the line, never its content.
 */
export function parseDotenv(text: string, path = ".env"): Record<string, string> {
  const entries: [string, string][] = [];
  text
    .replace(/^\ufeff/, "")
    .split(/\r?\n/)
    .forEach((line, index) => {
      const trimmed = line.trim();
      if (trimmed === "" || trimmed.startsWith("#")) return;
      const match = /^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)$/.exec(trimmed);
      if (!match) throw new AppError("invalid_request", `${path} line ${index + 1} is not KEY=value`);
      entries.push([match[1] ?? "", unquote(match[2] ?? "", `${path} line ${index + 1}`)]);
    });
  return Object.fromEntries(entries);
}

function unquote(raw: string, where: string): string {
  if (!/^["']/.test(raw)) return raw.replace(/(^|\s+)#.*$/, "").trim();
  const [quoted, rest] = raw.startsWith('"') ? split(raw, /^"(?:[^"\\]|\\.)*"/) : split(raw, /^'[^']*'/);
  if (quoted === null) throw new AppError("invalid_request", `${where} has an open quote`);
  if (!/^\s*(#.*)?$/.test(rest)) throw new AppError("invalid_request", `${where} goes on behind the closing quote`);
  if (quoted.startsWith("'")) return quoted.slice(1, -1);
  try {
    return String(JSON.parse(quoted));
  } catch {
    throw new AppError("invalid_request", `${where} has an escape that JSON does not know`);
  }
}

function split(raw: string, quotes: RegExp): [string | null, string] {
  const quoted = quotes.exec(raw)?.[0] ?? null;
  return [quoted, raw.slice(quoted?.length ?? 0)];
}

/** One line of a `.env`; quoted as JSON when it holds what a shell or a reader would trip over. */
export function dotenvLine(key: string, value: string): string {
  return `${key}=${/[\s"'`#$\\]/.test(value) ? JSON.stringify(value) : value}`;
}
