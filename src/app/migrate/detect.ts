import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import type { MigrateOptions, StoreKind } from "#app/migrate/options.ts";
import { AppError } from "#core/errors.ts";
import { hasFileRuns } from "#ledger/python/file-store.ts";
import { tablesOf } from "#ledger/python/sqlite-store.ts";

/** Who wrote a data folder, and how. */
export interface Layout {
  writer: "python" | "ours";
  kind: StoreKind;
  /** The database, where there is one. */
  dbPath: string | null;
}

/** AppErrors `not_found` (no such folder), `invalid_request` (no data folder of a gateway, or two stores in it), `storage` (damaged). */
export async function detectLayout(options: MigrateOptions): Promise<Layout> {
  const { dataDir, from } = options;
  if (!existsSync(dataDir)) throw new AppError("not_found", `There is no folder ${dataDir}`);
  if (!statSync(dataDir).isDirectory()) throw new AppError("invalid_request", `${dataDir} is no folder`);
  const found = (await layoutsIn(options)).filter(({ kind }) => from === null || kind === from);
  const [first, second] = found;
  if (!first) throw new AppError("invalid_request", noneSentence(options));
  if (second)
    throw new AppError(
      "invalid_request",
      `${dataDir} has a file store and an SQLite store: say which with --from=file or --from=sqlite`,
    );
  return first;
}

async function layoutsIn(options: MigrateOptions): Promise<Layout[]> {
  const { dataDir } = options;
  const found: Layout[] = [];
  if (await isPythonFolder(dataDir)) found.push({ writer: "python", kind: "file", dbPath: null });
  const dbPath = sourceDatabase(options);
  if (options.from === "file" || !existsSync(dbPath)) return found;
  const tables = await tablesOf(dbPath);
  if (tables === null) {
    if (options.from === null && found.length > 0) return found;
    throw new AppError("storage", `The database ${dbPath} is damaged, or no SQLite database`);
  }
  if (tables.has("ledger") && tables.has("runs") && tables.has("commands"))
    found.push({ writer: "python", kind: "sqlite", dbPath });
  else if (tables.has("records") && tables.has("states") && options.to === "file")
    found.push({ writer: "ours", kind: "sqlite", dbPath });
  return found;
}

/** The folder of a gateway that never ran anything has no runs, but commands or artifacts. */
async function isPythonFolder(dataDir: string): Promise<boolean> {
  if (await hasFileRuns(dataDir)) return true;
  return existsSync(join(dataDir, "commands.jsonl")) && !existsSync(join(dataDir, "gateway.sqlite3"));
}

/** `--db-path` names the source's database only where the target has none. */
export function sourceDatabase({ dataDir, dbPath, to }: MigrateOptions): string {
  return to === "file" && dbPath !== null ? dbPath : join(dataDir, "gateway.sqlite3");
}

function noneSentence(options: MigrateOptions): string {
  const { dataDir, from } = options;
  if (from === "file") return `${dataDir} has no file store of a gateway: there is no run_<id>.json in it`;
  if (from === "sqlite") return `${dataDir} has no SQLite store of a Python gateway at ${sourceDatabase(options)}`;
  return `${dataDir} is no data folder of a Python gateway: it has neither run_<id>.json nor gateway.sqlite3 with runs`;
}
