import { RE2JS, RE2JSException } from "re2js";
import { AppError } from "#core/errors.ts";

const maxLength = 1000;

/**
 * A regular expression that a model wrote. It takes time in proportion to the text whatever the pattern is: JavaScript's own engine can run for
 * ever on `(a+)+$`, and a thread that does so cannot be stopped. AppError `invalid_request` for a pattern that is wrong, and for look-around and
 * back-references, which no such engine has.
 */
export function safePattern(pattern: string, flags: { multiline: boolean }): RE2JS {
  if (pattern === "") throw new AppError("invalid_request", "The pattern is empty");
  if (pattern.length > maxLength) {
    throw new AppError("invalid_request", `The pattern has ${pattern.length} characters; ${maxLength} are allowed`);
  }
  try {
    return RE2JS.compile(pattern.replace(/\\Z$/, "\\z"), flags.multiline ? RE2JS.MULTILINE : 0);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    const reason = /\(\?<?[=!]/.test(pattern)
      ? "look-ahead and look-behind are not supported"
      : /\\[1-9]|\(\?P=/.test(pattern)
        ? "back-references are not supported"
        : error.message.replace(/^error parsing regexp: /, "");
    throw new AppError("invalid_request", `The pattern '${pattern}' is not a valid regular expression: ${reason}`);
  }
}
