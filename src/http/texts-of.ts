import { AppError } from "#core/errors.ts";

/** The texts of an `input`. AppError `invalid_request` for anything else. */
export function textsOf(input: unknown): string[] {
  if (typeof input === "string") return [input];
  if (Array.isArray(input) && input.every((each) => typeof each === "string")) return input;
  throw new AppError("invalid_request", "input must be a text or a list of texts");
}
