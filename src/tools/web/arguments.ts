import { AppError } from "#core/errors.ts";
import { type JsonObject, numberOf } from "#core/value.ts";

/** A text that must be there. AppError `invalid_request`. */
export function requiredText(args: JsonObject, name: string): string {
  const value = args[name];
  if (typeof value === "string" && value.trim() !== "") return value.trim();
  throw new AppError("invalid_request", `the argument "${name}" must be a text that is not empty`);
}

/** A number of things, brought between `min` and `max`; models write it as text, too. AppError `invalid_request`. */
export function countOr(args: JsonObject, name: string, limits: { min: number; max: number; default: number }): number {
  const value = args[name];
  if (value === undefined || value === null) return limits.default;
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : numberOf(value);
  if (number === null || Number.isNaN(number))
    throw new AppError("invalid_request", `the argument "${name}" must be a number`);
  return Math.min(limits.max, Math.max(limits.min, Math.trunc(number)));
}

export function flagOr(args: JsonObject, name: string, otherwise: boolean): boolean {
  const value = args[name];
  if (typeof value === "boolean") return value;
  if (value === "true" || value === "false") return value === "true";
  if (value === undefined || value === null) return otherwise;
  throw new AppError("invalid_request", `the argument "${name}" must be true or false`);
}
