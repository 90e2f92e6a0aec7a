import { AppError } from "#core/errors.ts";

/** Reads `KEY=value` lines. Comments, blank lines, `export ` and quotes (JSON escapes in double ones) are understood. */
export function parseDotenv(text: string, path = ".env"): Record<string, string> {
  const values: Record<string, string> = {};
  text.split(/\r?\n/).forEach((line, index) => {
    const trimmed = line.trim();
    if (trimmed === "" || trimmed.startsWith("#")) return;
    const match = /^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)$/.exec(trimmed);
    if (!match) throw new AppError("invalid_request", `${path} line ${index + 1} is not KEY=value`);
    values[match[1] ?? ""] = unquote(match[2] ?? "", `${path} line ${index + 1}`);
  });
  return values;
}

function unquote(raw: string, where: string): string {
  if (raw.startsWith('"')) {
    const quoted = /^"(?:[^"\\]|\\.)*"/.exec(raw)?.[0];
    if (!quoted) throw new AppError("invalid_request", `${where} has an open quote`);
    return JSON.parse(quoted) as string;
  }
  if (raw.startsWith("'")) return /^'([^']*)'/.exec(raw)?.[1] ?? raw;
  return raw.replace(/\s+#.*$/, "").trim();
}

/** One line of a `.env`; quoted as JSON when it holds what a shell or a reader would trip over. */
export function dotenvLine(key: string, value: string): string {
  return `${key}=${/[\s"'#$\\]/.test(value) ? JSON.stringify(value) : value}`;
}
