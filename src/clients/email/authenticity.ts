/** What the receiving server says of a message's sender, from its Authentication-Results header (RFC 8601). */
export type Authenticity = "pass" | "fail" | "unknown";

/**
 * `headers`: all Authentication-Results, topmost first. A sender can write such headers too: only those of the named server count, and
 * without a name the topmost one, which the last server on the way has added.
 */
export function authenticity(
  headers: readonly string[],
  fromDomain: string,
  authenticator: string | null,
): Authenticity {
  const own =
    authenticator === null
      ? headers.slice(0, 1)
      : headers.filter((each) => serverOf(each) === authenticator.toLowerCase());
  const results = own.flatMap(resultsOf);
  if (results.length === 0) return "unknown";
  if (results.some(({ method, result }) => method === "dmarc" && result === "fail")) return "fail";
  return results.some((each) => each.result === "pass" && isAligned(each, fromDomain.toLowerCase())) ? "pass" : "fail";
}

interface Result {
  method: string;
  result: string;
  properties: Record<string, string>;
}

function serverOf(header: string): string {
  return (header.trim().split(/[\s;]/, 1)[0] ?? "").toLowerCase();
}

function resultsOf(header: string): Result[] {
  const plain = withoutComments(header);
  return plain
    .split(";")
    .slice(1)
    .flatMap((part) => {
      const [, method = "", result = "", rest = ""] =
        /^\s*([a-z0-9-]+)(?:\/\d+)?\s*=\s*([a-z]+)\b([\s\S]*)$/i.exec(part) ?? [];
      if (method === "") return [];
      const properties = Object.fromEntries(
        [...rest.matchAll(/([a-z0-9.-]+)\s*=\s*("[^"]*"|\S+)/gi)].map(([, name = "", value = ""]) => [
          name.toLowerCase(),
          value.replaceAll('"', "").toLowerCase(),
        ]),
      );
      return [{ method: method.toLowerCase(), result: result.toLowerCase(), properties }];
    });
}

/** Comments are in parentheses, which may lie in each other. */
function withoutComments(text: string): string {
  let depth = 0;
  let kept = "";
  for (const char of text) {
    if (char === "(") depth++;
    else if (char === ")") depth = Math.max(0, depth - 1);
    else if (depth === 0) kept += char;
  }
  return kept;
}

/** Whether what was proved is the domain that the reader sees, or one above or below it. */
function isAligned({ method, properties }: Result, fromDomain: string): boolean {
  const proved =
    method === "dmarc"
      ? properties["header.from"]
      : method === "dkim"
        ? (properties["header.d"] ?? domainOf(properties["header.i"] ?? ""))
        : method === "spf"
          ? domainOf(properties["smtp.mailfrom"] ?? properties["smtp.mail"] ?? "")
          : undefined;
  if (!proved?.includes(".")) return false;
  return proved === fromDomain || fromDomain.endsWith(`.${proved}`) || proved.endsWith(`.${fromDomain}`);
}

export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf("@") + 1).toLowerCase();
}
