import { type Static, Type as t } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { AppError } from "#core/errors.ts";

const count = t.Integer({ minimum: 0 });
const sha256 = t.String({ pattern: "^[0-9a-f]{64}$" });

/** One file of a backup. `path` is relative to the backup's folder, with `/` on every platform. */
const BackupFile = t.Object({
  path: t.String({ minLength: 1 }),
  bytes: count,
  sha256,
  /** Permission bits, as in `0o600`. */
  mode: count,
});
export type BackupFile = Static<typeof BackupFile>;

const BackupLink = t.Object({ path: t.String({ minLength: 1 }), target: t.String({ minLength: 1 }) });
export type BackupLink = Static<typeof BackupLink>;

/**
 * What a backup holds: written last, so that a folder with a manifest is complete. `data/` is the data folder, `flows/` the bundles
 * folder where it lies elsewhere.
 */
const BackupManifest = t.Object({
  format: t.Literal(1),
  created_at: t.String(),
  /** Of the program that made it. */
  version: t.String(),
  database: t.Object({ path: t.String({ minLength: 1 }), runs: count, records: count }),
  files: t.Array(BackupFile),
  links: t.Array(BackupLink),
  /** Folders of the data folder that were left out on purpose. */
  left_out: t.Array(t.String()),
});
export type BackupManifest = Static<typeof BackupManifest>;

/** The manifest behind a JSON document. AppError `unprocessable` says what is wrong with it. */
export function parseManifest(document: unknown): BackupManifest {
  const problem = Value.Errors(BackupManifest, document).First();
  if (problem) {
    const place = problem.path === "" ? "the document" : `'${problem.path.slice(1)}'`;
    throw new AppError("unprocessable", `The backup's manifest cannot be used: ${place}: ${problem.message}`);
  }
  const manifest = document as BackupManifest;
  const outside = [...manifest.files, ...manifest.links].find(({ path }) => !isInside(path));
  if (outside) throw new AppError("unprocessable", `The backup's manifest names a path outside it: '${outside.path}'`);
  return manifest;
}

function isInside(path: string): boolean {
  const parts = path.split("/");
  const isPlain = parts.every((part) => part !== "" && part !== "." && part !== ".." && !/[\\\0]/.test(part));
  return isPlain && parts.length > 1 && (parts[0] === "data" || parts[0] === "flows");
}
