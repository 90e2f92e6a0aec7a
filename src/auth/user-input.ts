import { AppError } from "#core/errors.ts";

/** Names of users, tenants and runtimes are parts of paths and keys. */
const namePattern = /^[A-Za-z0-9](?:[A-Za-z0-9_.@-]{0,78}[A-Za-z0-9_@-])?$/;
const roles: readonly string[] = ["admin", "user"];
const minTokenChars = 20;
const maxTokenChars = 512;

export function checkedName(value: string, field: string): string {
  if (namePattern.test(value)) return value;
  throw invalid(`${field} must have 1 to 80 letters, digits, '_', '.', '@' and '-', and begin with a letter or digit`);
}

export function checkedRoles(given: readonly string[]): string[] {
  const unknown = given.find((role) => !roles.includes(role));
  if (unknown !== undefined) throw invalid(`roles: '${unknown.slice(0, 80)}' is not one of ${roles.join(", ")}`);
  if (given.length === 0) throw invalid("roles is empty");
  return [...new Set(given)];
}

export function checkedEmail(value: string): string {
  if (value === "" || /^[^\s@]+@[^\s@]+$/.test(value)) return value;
  throw invalid("email must be an address such as ada@example.org");
}

/** What people choose must be long: tokens are stored as a plain SHA-256 (`digest.ts`). */
export function checkedToken(token: string): string {
  if (/^[\x21-\x7e]+$/.test(token) && token.length >= minTokenChars && token.length <= maxTokenChars) return token;
  throw invalid(`token must have ${minTokenChars} to ${maxTokenChars} printable characters without spaces`);
}

function invalid(message: string): AppError {
  return new AppError("invalid_request", message);
}
