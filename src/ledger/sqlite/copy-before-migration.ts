import type { Database } from "bun:sqlite";
import { chmodSync, renameSync, rmSync } from "node:fs";

/** Where the database lies as it was before a newer program changed its schema. */
export function copyPath(path: string, schema: number): string {
  return `${path}.schema-${schema}`;
}

/**
 * Keeps the database as it is, in one file beside it, before steps of the schema run over it. The copy gets its name when it is whole, and
 * takes the place of one that an interrupted start left. Throws SQLite's error when there is no room: then nothing was changed.
 */
export function copyBeforeMigration(db: Database, path: string, schema: number): void {
  const unfinished = `${path}.copying-${process.pid}`;
  rmSync(unfinished, { force: true });
  try {
    db.query("VACUUM INTO ?").run(unfinished);
    chmodSync(unfinished, 0o600);
    renameSync(unfinished, copyPath(path, schema));
  } finally {
    rmSync(unfinished, { force: true });
  }
}
