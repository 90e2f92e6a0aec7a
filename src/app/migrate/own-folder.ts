import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Layout, nameOf } from "#app/migrate/detect.ts";
import type { MigrateOptions } from "#app/migrate/options.ts";
import { AppError } from "#core/errors.ts";
import { copyFile } from "#ledger/backup/copy-file.ts";
import { listFiles } from "#ledger/backup/data-files.ts";
import { openFileContents } from "#ledger/file/contents.ts";
import { openSqliteContents } from "#ledger/sqlite/contents.ts";
import { ownSource } from "#migrate/own-source.ts";
import type { MigrationSource } from "#migrate/source.ts";
import type { Warnings } from "#migrate/warnings.ts";

/** Opens a data folder of this gateway. */
export async function openOwn(options: MigrateOptions, layout: Layout, warnings: Warnings): Promise<MigrationSource> {
  const { dataDir, flowsDir } = options;
  const { kind, path } = layout;
  if (path === null) throw new AppError("internal", "A store of ours has a place of its own");
  const contents = kind === "file" ? openFileContents(path) : await openSqliteContents(path);
  return ownSource({ name: nameOf(layout), contents, dataDir, flowsDir, warnings });
}

/** What is copied by itself, what a start makes anew, and what is large and can be had again. */
const notCopied =
  /^(?:gateway\.sqlite3.*|ledger|artifacts|bundles|flows|models|prompt-cache|.*\.lock|migration\.json)$/;

/** Copies everything else of a data folder into another one: configuration, workspaces, logs. What is there stays. */
export async function copyOwnFiles(from: string, to: string): Promise<void> {
  const { files } = await listFiles(from, (path) => notCopied.test(path));
  for (const path of files) if (!existsSync(join(to, path))) await copyFile(join(from, path), join(to, path));
}
