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
  /** Database or folder of the store; null for files in the data folder itself. */
  path: string | null;
}

/** AppErrors `not_found` (no such folder), `invalid_request` (no data folder of a gateway, or two stores in it), `storage` (damaged). */
export async function detectLayout(options: MigrateOptions): Promise<Layout> {
  const { dataDir, from } = options;
  if (!existsSync(dataDir)) throw new AppError("not_found", `There is no folder ${dataDir}`);
  if (!statSync(dataDir).isDirectory()) throw new AppError("invalid_request", `${dataDir} is no folder`);
  const found = (await layoutsIn(options)).filter(({ kind }) => from === null || kind === from);
  const [first, second] = found;
  if (!first) throw new AppError("invalid_request", noneSentence(options));
  if (second && first.kind === second.kind) {
    throw new AppError(
      "invalid_request",
      `${dataDir} has ${nameOf(first)} and ${nameOf(second)}: move the one that is not meant out of it`,
    );
  }
  if (second)
    throw new AppError(
      "invalid_request",
      `${dataDir} has ${nameOf(first)} and ${nameOf(second)}: say which with --from=${first.kind} or --from=${second.kind}`,
    );
  return first;
}

/** For people. */
export function nameOf({ writer, kind }: Layout): string {
  const store = kind === "file" ? "file store" : "SQLite store";
  return `${writer === "python" ? "the Python gateway's" : "this gateway's"} ${store}`;
}

async function layoutsIn(options: MigrateOptions): Promise<Layout[]> {
  const { dataDir, to } = options;
  const found: Layout[] = [];
  if (await isPythonFolder(dataDir)) found.push({ writer: "python", kind: "file", path: null });
  const ledgerDir = join(dataDir, "ledger");
  // A store of ours is no source of a migration into its own kind: that is what `backup` is for.
  if (to !== "file" && existsSync(join(ledgerDir, "store.json")))
    found.push({ writer: "ours", kind: "file", path: ledgerDir });
  const path = sourceDatabase(options);
  if (options.from === "file" || !existsSync(path)) return found;
  const tables = await tablesOf(path);
  if (tables === null) {
    if (options.from === null && found.length > 0) return found;
    throw new AppError("storage", `The database ${path} is damaged, or no SQLite database`);
  }
  if (tables.has("ledger") && tables.has("runs") && tables.has("commands"))
    found.push({ writer: "python", kind: "sqlite", path });
  else if (to !== "sqlite" && tables.has("records") && tables.has("states"))
    found.push({ writer: "ours", kind: "sqlite", path });
  return found;
}

/** The folder of a gateway that never ran anything has no runs, but commands. */
async function isPythonFolder(dataDir: string): Promise<boolean> {
  if (await hasFileRuns(dataDir)) return true;
  return existsSync(join(dataDir, "commands.jsonl")) && !existsSync(join(dataDir, "gateway.sqlite3"));
}

/** `--db-path` names the source's database only where the target has none. */
function sourceDatabase({ dataDir, dbPath, to }: MigrateOptions): string {
  return to === "file" && dbPath !== null ? dbPath : join(dataDir, "gateway.sqlite3");
}

function noneSentence(options: MigrateOptions): string {
  const { dataDir, from, to } = options;
  if (from === "file") return `${dataDir} has no file store of a gateway to migrate from`;
  if (from === "sqlite") return `${dataDir} has no SQLite store to migrate from at ${sourceDatabase(options)}`;
  const own = to === "file" ? "no SQLite store of this one" : "no file store of this one";
  return `${dataDir} has nothing to migrate: it is no data folder of a Python gateway, and has ${own}`;
}
