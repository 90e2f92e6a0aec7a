import { AppError } from "#core/errors.ts";

const maxLength = 500;
const maxBraces = 8;

/** Whether a file fits one of several globs, separated by `|`. A glob without `/` is held against the name, another against the path. */
export function namePattern(pattern: string): (file: { name: string; relative: string }) => boolean {
  // Alternatives in braces multiply.
  if (pattern.length > maxLength || pattern.split("{").length > maxBraces + 1) {
    throw new AppError(
      "invalid_request",
      `The file pattern is too long; ${maxLength} characters and ${maxBraces} braces are allowed`,
    );
  }
  const globs = pattern.split("|").flatMap((each) => (each.trim() === "" ? [] : [each.trim().replace(/^\.\//, "")]));
  if (globs.length === 0 || globs.includes("*")) return () => true;
  const tests = globs.map((each) => ({ glob: new Bun.Glob(each), isPath: each.includes("/") }));
  return ({ name, relative }) => tests.some(({ glob, isPath }) => glob.match(isPath ? relative : name));
}
