/** The value of a cookie in a `Cookie` header; the first of several with that name. */
export function cookieValue(header: string | null, name: string): string | null {
  if (header === null) return null;
  for (const pair of header.split(";")) {
    const at = pair.indexOf("=");
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return null;
}

export interface CookieOptions {
  /** Seconds; null: until the browser is closed. */
  maxAgeS: number | null;
  isSecure: boolean;
  /** Scripts of pages cannot read it. */
  isHttpOnly: boolean;
}

export function setCookie(name: string, value: string, { maxAgeS, isSecure, isHttpOnly }: CookieOptions): string {
  return [
    `${name}=${value}`,
    "Path=/",
    "SameSite=Lax",
    ...(isHttpOnly ? ["HttpOnly"] : []),
    ...(isSecure ? ["Secure"] : []),
    ...(maxAgeS === null ? [] : [`Max-Age=${maxAgeS}`]),
  ].join("; ");
}
