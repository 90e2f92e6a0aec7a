import { dirname } from "node:path";
import { AppError, messageOf } from "#core/errors.ts";

/**
 * Loads a native file and answers what it exports. AppError `unavailable` when the system refuses it: the cache folder may be mounted
 * without the right to execute, or a run-time library may be missing.
 */
export function loadLibrary(name: string, path: string): Record<string, unknown> {
  const module = { exports: {} };
  try {
    process.dlopen(module, path);
  } catch (error) {
    throw new AppError(
      "unavailable",
      `${name} could not be loaded: ${messageOf(error)}. When ${dirname(path)} must not hold programs (noexec), name another with ABSTRACTGATEWAY_CACHE_DIR`,
      { cause: error },
    );
  }
  return module.exports;
}
