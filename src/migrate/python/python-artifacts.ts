import { existsSync, statSync } from "node:fs";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "#core/errors.ts";
import { parseJson } from "#core/json.ts";
import { type JsonObject, type Value, isObject, numberOf } from "#core/value.ts";
import type { ArtifactRow } from "#ledger/ledger.ts";
import { objectAt } from "#migrate/python/python-run.ts";
import type { MigratedArtifact } from "#migrate/source.ts";
import type { Warnings } from "#migrate/warnings.ts";

/** `artifacts/refs/<id>.meta` and `artifacts/blobs/<sha256>.bin` of a data folder (contract flow-runtime 3.14). */
export async function* pythonArtifacts(from: {
  dataDir: string;
  runtimeId: string;
  warnings: Warnings;
}): AsyncGenerator<MigratedArtifact> {
  const { dataDir, runtimeId, warnings } = from;
  const folder = join(dataDir, "artifacts", "refs");
  const names = existsSync(folder) ? await readdir(folder) : [];
  for (const name of names.filter((each) => each.endsWith(".meta")).sort()) {
    const row = await readRow(join(folder, name), { name, runtimeId, warnings });
    if (row) yield { row, path: blobPath(dataDir, row, warnings) };
  }
}

/** The bytes of an artifact as JSON; null when they are missing or none. */
export async function readArtifactJson(dataDir: string, artifactId: string): Promise<Value> {
  if (!/^[a-zA-Z0-9_-]{1,200}$/.test(artifactId)) return null;
  try {
    const meta = parseJson(await readFile(join(dataDir, "artifacts", "refs", `${artifactId}.meta`), "utf8"));
    const blob = isObject(meta) ? meta["blob_id"] : null;
    if (typeof blob !== "string" || !/^[0-9a-f]{64}$/.test(blob)) return null;
    return parseJson(await readFile(join(dataDir, "artifacts", "blobs", `${blob}.bin`), "utf8"));
  } catch {
    return null;
  }
}

async function readRow(
  path: string,
  { name, runtimeId, warnings }: { name: string; runtimeId: string; warnings: Warnings },
): Promise<ArtifactRow | null> {
  let meta: Value;
  try {
    meta = parseJson(await readFile(path, "utf8"));
  } catch (error) {
    warnings.add("artifact", `${name} cannot be read and was left out: ${messageOf(error)}`);
    return null;
  }
  const row = isObject(meta) ? rowOf(meta, runtimeId) : null;
  if (!row) warnings.add("artifact", `${name} names no artifact and no bytes, and was left out`);
  return row;
}

function rowOf(meta: JsonObject, runtimeId: string): ArtifactRow | null {
  const text = (name: string) => (typeof meta[name] === "string" ? meta[name] : null);
  const id = text("artifact_id");
  const blob = text("blob_id");
  if (id === null || !/^[a-zA-Z0-9_-]{1,200}$/.test(id) || blob === null || !/^[0-9a-f]{64}$/.test(blob)) return null;
  const tags = Object.entries(objectAt(meta, "tags")).filter(
    (tag): tag is [string, string] => typeof tag[1] === "string",
  );
  return {
    artifact_id: id,
    blob_id: blob,
    run_id: text("run_id"),
    runtime_id: runtimeId,
    content_type: text("content_type") ?? "application/octet-stream",
    size_bytes: numberOf(meta["size_bytes"]) ?? 0,
    created_at: text("created_at") ?? new Date(0).toISOString(),
    tags: Object.fromEntries(tags),
    metadata: {
      ...objectAt(meta, "metadata"),
      descriptor: objectAt(meta, "descriptor"),
      access: objectAt(meta, "access"),
    },
  };
}

function blobPath(dataDir: string, row: ArtifactRow, warnings: Warnings): string | null {
  const path = join(dataDir, "artifacts", "blobs", `${row.blob_id}.bin`);
  if (existsSync(path) && statSync(path).isFile()) return path;
  warnings.add("artifact", `The bytes of artifact ${row.artifact_id} (run ${row.run_id ?? "none"}) are missing`);
  return null;
}
