import { statSync } from "node:fs";
import { join, resolve } from "node:path";

export const root = resolve(import.meta.dirname, "..");
export const executable = join(root, "dist", "abstractgateway");

/** The executable is missing, or something that goes into it is newer. */
export function isStale(): boolean {
  const built = statSync(executable, { throwIfNoEntry: false });
  if (!built) return true;
  const inputs = [
    ...new Bun.Glob("{src,build}/**/*").scanSync({ cwd: root, onlyFiles: true }),
    "package.json",
    "bun.lock",
  ];
  return inputs.some((file) => (statSync(join(root, file), { throwIfNoEntry: false })?.mtimeMs ?? 0) > built.mtimeMs);
}
