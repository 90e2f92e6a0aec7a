import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type AuditFindings, auditPath, verifyAudit } from "#auth/audit-chain.ts";
import { requireLedger } from "#app/chosen-ledger.ts";
import { packFiles } from "#bundles/pack.ts";
import { writeDurably } from "#bundles/durable-file.ts";
import { readBundle, readFolderFiles } from "#bundles/read-bundle.ts";
import type { Settings } from "#config/settings.ts";
import type { Bundle } from "#core/bundle.ts";
import { AppError, messageOf } from "#core/errors.ts";
import { systemClock } from "#core/time.ts";
import { compile } from "#engine/compile.ts";
import { readFileLedger } from "#ledger/file/read-ledger.ts";
import type { Ledger, Problem } from "#ledger/ledger.ts";
import { exportRuns } from "#ledger/sqlite/export-runs.ts";
import { type ExportFindings, verifyExport } from "#ledger/verify-export.ts";
import { openSqliteLedger } from "#ledger/sqlite/sqlite-ledger.ts";

/** What commands do without a running gateway. */

/** Walks every hash chain of a data folder, or one run's. AppError `not_found` when there is no database. */
export async function verifyLedger(
  settings: Settings,
  options: { runId?: string } = {},
): Promise<{ runs: number; records: number; problems: Problem[] }> {
  requireLedger(settings);
  const ledger = await openToVerify(settings);
  try {
    const seen = { runs: 0, records: 0 };
    const problems: Problem[] = [];
    const onProgress = (runs: number, records: number) => Object.assign(seen, { runs, records });
    for await (const problem of ledger.verify({ ...options, onProgress })) problems.push(problem);
    return { ...seen, problems };
  } finally {
    await ledger.close();
  }
}

/** Walks the chain of the audit log, and of its files that were set aside. */
export function verifyAuditLog(settings: Settings): Promise<AuditFindings> {
  return verifyAudit(auditPath(settings.dataDir));
}

function openToVerify(settings: Settings): Promise<Pick<Ledger, "verify"> & { close(): void | Promise<void> }> {
  return settings.storeBackend === "file"
    ? readFileLedger(settings.ledgerDir, { isStill: false })
    : openSqliteLedger({ path: settings.dbPath, now: systemClock });
}

/** The lines of an export (`ledger/export-lines.ts`). AppError `not_found` when there is no ledger or no such run. */
export function exportLines(settings: Settings, options: { runId?: string } = {}): AsyncGenerator<string> {
  requireLedger(settings);
  return settings.storeBackend === "sqlite"
    ? exportRuns(settings.dbPath, options)
    : exportFiles(settings.ledgerDir, options);
}

async function* exportFiles(folder: string, options: { runId?: string }): AsyncGenerator<string> {
  const ledger = await readFileLedger(folder, { isStill: false });
  try {
    yield* ledger.exportLines(options);
  } finally {
    ledger.close();
  }
}

/** Checks a file that `export` wrote. AppError `not_found` when it cannot be read. */
export async function verifyExportFile(path: string): Promise<ExportFindings> {
  const file = await open(path).catch((cause: unknown) => {
    throw new AppError("not_found", `${path} cannot be read: ${messageOf(cause)}`, { cause });
  });
  try {
    return await verifyExport(file.readLines());
  } finally {
    await file.close();
  }
}

export interface Packed {
  path: string;
  bundle_ref: string;
  size_bytes: number;
}

/** Makes an archive of a folder with a manifest; the same files give the same bytes. AppError `conflict` when the file exists. */
export async function packBundle(
  folder: string,
  options: { output: string | null; outputDir: string; overwrite: boolean },
): Promise<Packed> {
  const archive = packFiles(readFiles(folder));
  const { bundle_id, bundle_version } = readBundle(archive).manifest;
  const bundleRef = `${bundle_id}@${bundle_version}`;
  const path = options.output ?? join(options.outputDir, `${bundleRef}.flow`);
  if (!options.overwrite && (await Bun.file(path).exists())) {
    throw new AppError("conflict", `${path} exists already: use --overwrite to replace it`);
  }
  await writeDurably(path, archive);
  return { path, bundle_ref: bundleRef, size_bytes: archive.length };
}

function readFiles(folder: string): Map<string, Uint8Array> {
  try {
    return readFolderFiles(folder);
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError("not_found", `${folder} cannot be read: ${messageOf(cause)}`, { cause });
  }
}

/** What an archive holds: manifest, digest, flows with their node counts. */
export async function inspectBundle(path: string) {
  const { manifest, digest, flows, warnings } = await read(path);
  return {
    bundle_ref: `${manifest.bundle_id}@${manifest.bundle_version}`,
    created_at: manifest.created_at,
    digest,
    default_entrypoint: manifest.default_entrypoint,
    entrypoints: manifest.entrypoints,
    flows: Object.entries(flows).map(([id, flow]) => ({ flow_id: id, name: flow.name, nodes: flow.nodes.length })),
    metadata: manifest.metadata,
    warnings,
  };
}

/** Reads and compiles an archive as the gateway would. `problems` keep it from running, `warnings` do not. */
export async function checkBundle(
  path: string,
): Promise<{ bundle_ref: string; problems: string[]; warnings: string[] }> {
  let bundle: Bundle;
  try {
    bundle = await read(path);
  } catch (error) {
    if (error instanceof AppError && error.code === "not_found") throw error;
    return { bundle_ref: "", problems: [messageOf(error)], warnings: [] };
  }
  const problems: string[] = [];
  const warnings = [...bundle.warnings];
  for (const [id, flow] of Object.entries(bundle.flows)) {
    try {
      warnings.push(...compile(flow).warnings.map((warning) => `${id}: ${warning}`));
    } catch (error) {
      problems.push(`${id}: ${messageOf(error)}`);
    }
  }
  return { bundle_ref: `${bundle.manifest.bundle_id}@${bundle.manifest.bundle_version}`, problems, warnings };
}

async function read(path: string): Promise<Bundle> {
  let archive: Uint8Array;
  try {
    archive = await readFile(path);
  } catch (cause) {
    throw new AppError("not_found", `${path} cannot be read: ${messageOf(cause)}`, { cause });
  }
  return readBundle(archive);
}
