import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeDurably } from "#bundles/durable-file.ts";
import { AppError } from "#core/errors.ts";
import { parseJson } from "#core/json.ts";
import { isObject } from "#core/value.ts";

/** What is known of the migration into a data folder, in `migration.json`. */
export interface Marker {
  /** Data folder that was read. */
  from: string;
  source: string;
  started_at: string;
  /** Null while it is under way, or after it was interrupted. */
  finished_at: string | null;
}

const pathOf = (dataDir: string) => join(dataDir, "migration.json");

/** Null when nothing was ever migrated into the folder. */
export async function readMarker(dataDir: string): Promise<Marker | null> {
  if (!existsSync(pathOf(dataDir))) return null;
  try {
    const value = parseJson(await readFile(pathOf(dataDir), "utf8"));
    if (isObject(value) && typeof value["from"] === "string") return value as unknown as Marker;
  } catch (cause) {
    throw new AppError("storage", `${pathOf(dataDir)} cannot be read`, { cause });
  }
  throw new AppError("storage", `${pathOf(dataDir)} says nothing of a migration`);
}

export function writeMarker(dataDir: string, marker: Marker): Promise<void> {
  return writeDurably(pathOf(dataDir), `${JSON.stringify({ version: 1, ...marker }, null, 2)}\n`);
}

/** AppError `conflict` when a migration into this folder is under way or was interrupted: half of the runs are not all of them. */
export async function requireMigrated(dataDir: string): Promise<void> {
  const marker = await readMarker(dataDir);
  if (!marker || marker.finished_at !== null) return;
  throw new AppError(
    "conflict",
    `The migration from ${marker.from} into ${dataDir} is not finished: run \`abstractgateway migrate\` again`,
  );
}
