import { existsSync, mkdirSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { AppError } from "#core/errors.ts";
import type { Lease } from "#ledger/ledger.ts";
import { flushFolder, replaceFile } from "#ledger/file/files.ts";
import type { Counters } from "#ledger/file/store.ts";
import type { TableState } from "#ledger/file/table.ts";

const kind = "abstractgateway-file-ledger";
const format = 1;

/** `store.json`: marks the folder as ours, and says how far its tables are valid. Written whole at the end of each checkpoint. */
export interface StoreDocument {
  kind: typeof kind;
  format: typeof format;
  /** Every group up to this one is in the files. */
  applied: number;
  /** Runs may lack groups from this one on: the journal begins with it. */
  replay_from: number;
  counters: Counters;
  tables: Record<string, TableState>;
  leases: Lease[];
}

export function pathOfStore(folder: string): string {
  return join(folder, "store.json");
}

export function emptyStore(): StoreDocument {
  const counters = { run_no: 0, mail_id: 0, command_seq: 0, memory_no: 0 };
  return { kind, format, applied: 0, replay_from: 1, counters, tables: {}, leases: [] };
}

/** Null when the folder has no store yet. AppError `storage` when it has something else. */
export function readStoreDocument(folder: string): StoreDocument | null {
  const path = pathOfStore(folder);
  if (!existsSync(path)) {
    const foreign = existsSync(folder) ? readdirSync(folder).find((name) => !ours.test(name)) : undefined;
    if (foreign === undefined && !holdsRuns(folder)) return null;
    throw new AppError(
      "storage",
      `The folder '${folder}' has files but no store.json: it is no ledger of this program`,
    );
  }
  let document: Partial<Record<keyof StoreDocument, unknown>> | null;
  try {
    document = JSON.parse(readFileSync(path, "utf8")) as typeof document;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new AppError("storage", `'${path}' is not JSON: it is no ledger of this program, or was changed`, { cause });
  }
  if (document?.kind !== kind) throw new AppError("storage", `'${path}' belongs to another program`);
  if (document.format !== format) {
    const found = String(document.format);
    throw new AppError(
      "storage",
      `'${path}' has format ${found}, this program knows format ${format}: use a newer one`,
    );
  }
  return document as unknown as StoreDocument;
}

/** From here on the new document counts, and its folder has to be flushed. */
export async function writeStoreDocument(folder: string, document: StoreDocument): Promise<void> {
  await replaceFile(pathOfStore(folder), `${JSON.stringify(document, null, 2)}\n`);
}

/** Makes the folders of a new store; its document comes last. */
export async function createStore(folder: string): Promise<StoreDocument> {
  mkdirSync(join(folder, "runs"), { recursive: true, mode: 0o700 });
  mkdirSync(join(folder, "journal"), { recursive: true, mode: 0o700 });
  const document = emptyStore();
  await writeStoreDocument(folder, document);
  await flushFolder(folder);
  await flushFolder(dirname(folder));
  return document;
}

/** What a first start that was cut short may have left. */
const ours = /^(runs|journal|store\.json\.tmp|.*\.lock(-journal)?)$/;

function holdsRuns(folder: string): boolean {
  return ["runs", "journal"].some(
    (name) => existsSync(join(folder, name)) && readdirSync(join(folder, name)).length > 0,
  );
}
